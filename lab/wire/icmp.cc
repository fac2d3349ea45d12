#include "lab/wire/icmp.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lab {
namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kLargestError = 576;
constexpr size_t kLargestErrorIpv6 = 1'280;
constexpr size_t kQuotedHeader = 8;  // of what follows the IPv4 header: RFC 792 promises that much

uint16_t U16At(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }
uint32_t U32At(const uint8_t* bytes) { return uint32_t{U16At(bytes)} << 16 | U16At(bytes + 2); }
IpAddress Ipv6At(const uint8_t* bytes) {
  return IpAddress::V6(U32At(bytes), U32At(bytes + 4), U32At(bytes + 8), U32At(bytes + 12));
}

}  // namespace

IcmpHeader PortUnreachable(const Packet& packet) {
  if (packet.source.address.is_ipv4()) return {kIcmpUnreachable, kIcmpPortUnreachable, 0};
  return {kIcmpv6Unreachable, kIcmpv6PortUnreachable, 0};
}

Packet IcmpError(const Packet& packet, const Endpoint& reporter, IcmpHeader error) {
  Packet message;
  message.protocol = Protocol::kIcmp;
  message.source.address = reporter.address;
  message.destination.address = packet.source.address;
  message.icmp = error;
  const bool ipv4 = packet.source.address.is_ipv4();
  constexpr uint8_t kInternetworkControl = 0xc0;
  if (ipv4) message.type_of_service = kInternetworkControl;
  const size_t largest = ipv4 ? kLargestError : kLargestErrorIpv6;
  const std::vector<uint8_t> bytes = ToBytes(packet);
  message.payload = Payload::Copy(bytes.data(), std::min(bytes.size(), largest - message.wire_size()));
  return message;
}

std::optional<Quoted> QuotedIn(const Packet& packet) {
  if (packet.protocol != Protocol::kIcmp) return std::nullopt;
  const bool ipv4 = packet.source.address.is_ipv4();
  const uint8_t type = packet.icmp.type;
  if (ipv4 ? type != kIcmpUnreachable && type != kIcmpTimeExceeded : type != kIcmpv6Unreachable) return std::nullopt;
  std::array<uint8_t, kIpv6Header> ip;
  const size_t there = packet.payload.CopyTo(ip.data(), ip.size());
  if (there < (ipv4 ? kIpHeader : kIpv6Header) || ip[0] >> 4 != (ipv4 ? 4 : 6)) return std::nullopt;
  const size_t header = ipv4 ? size_t{4} * (ip[0] & 0xf) : kIpv6Header;
  std::array<uint8_t, kQuotedHeader> start;
  if (packet.payload.CopyTo(start.data(), start.size(), header) < start.size()) return std::nullopt;

  Quoted quoted;
  quoted.protocol = static_cast<Protocol>(ipv4 ? ip[9] : ip[6]);
  quoted.source.address = ipv4 ? IpAddress(U32At(&ip[12])) : Ipv6At(&ip[8]);
  quoted.destination.address = ipv4 ? IpAddress(U32At(&ip[16])) : Ipv6At(&ip[24]);
  if (quoted.protocol != Protocol::kTcp && quoted.protocol != Protocol::kUdp) return quoted;
  quoted.source.port = U16At(&start[0]);
  quoted.destination.port = U16At(&start[2]);
  if (quoted.protocol == Protocol::kTcp) quoted.seq = U32At(&start[4]);
  if (quoted.protocol == Protocol::kUdp) {
    quoted.payload = packet.payload.Slice(header + kQuotedHeader, packet.payload.size());
  }
  return quoted;
}

std::string DescribeIcmp(const Packet& packet) {
  const IcmpHeader& icmp = packet.icmp;
  if (!packet.source.address.is_ipv4()) {
    const bool port = icmp.type == kIcmpv6Unreachable && icmp.code == kIcmpv6PortUnreachable;
    return port ? "port unreachable" : absl::StrCat("type ", icmp.type, ", code ", icmp.code);
  }
  if (icmp.type == kIcmpUnreachable) {
    switch (icmp.code) {
      case kIcmpNetUnreachable: return "network unreachable";
      case kIcmpHostUnreachable: return "host unreachable";
      case kIcmpProtocolUnreachable: return "protocol unreachable";
      case kIcmpPortUnreachable: return "port unreachable";
      case kIcmpFragmentationNeeded: return "fragmentation needed";
      default: break;
    }
  }
  if (icmp.type == kIcmpEcho) return "echo";
  if (icmp.type == kIcmpEchoReply) return "echo reply";
  if (icmp.type == kIcmpTimeExceeded) return "time exceeded";
  return absl::StrCat("type ", icmp.type, ", code ", icmp.code);
}

}  // namespace lab
