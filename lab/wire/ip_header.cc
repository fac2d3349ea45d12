#include "lab/wire/ip_header.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lab {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kIpv4Checksum = 10;  // where it stands
constexpr uint16_t kDontFragment = 0x4000;

IpAddress AddressAt(std::span<const uint8_t> bytes, size_t at) {
  return IpAddress::V6(U32At(bytes, at), U32At(bytes, at + 4), U32At(bytes, at + 8), U32At(bytes, at + 12));
}

absl::StatusOr<IpPacket> ReadIpv4(std::span<const uint8_t> bytes) {
  if (bytes.size() < kIpv4Header) {
    return absl::InvalidArgumentError(absl::StrCat("an IPv4 packet cut to ", bytes.size(), " bytes"));
  }
  const size_t header = size_t{4} * (bytes[0] & 0xf);
  const size_t total = U16At(bytes, 2);
  if (header < kIpv4Header || total < header || total > bytes.size()) {
    return absl::InvalidArgumentError(absl::StrCat("an IPv4 header of ", header, " bytes in a packet of ", total,
                                                   " bytes, of which ", bytes.size(), " are here"));
  }
  if (Checksum(Sum(bytes.first(header))) != 0) return absl::InvalidArgumentError("the IPv4 checksum is wrong");
  const uint16_t fragment = U16At(bytes, 6);
  if ((fragment & 0x3fff) != 0) return absl::InvalidArgumentError("a fragment of an IPv4 packet");
  IpPacket packet;
  packet.header.source = U32At(bytes, 12);
  packet.header.destination = U32At(bytes, 16);
  packet.header.protocol = bytes[9];
  packet.header.hops = bytes[8];
  packet.header.type_of_service = bytes[1];
  packet.header.identification = U16At(bytes, 4);
  packet.header.dont_fragment = (fragment & kDontFragment) != 0;
  packet.body = bytes.subspan(header, total - header);
  return packet;
}

absl::StatusOr<IpPacket> ReadIpv6(std::span<const uint8_t> bytes) {
  const size_t body = bytes.size() < kIpv6Header ? 0 : U16At(bytes, 4);
  if (bytes.size() < kIpv6Header + body) {
    return absl::InvalidArgumentError(absl::StrCat("an IPv6 packet cut to ", bytes.size(), " bytes"));
  }
  IpPacket packet;
  packet.header.source = AddressAt(bytes, 8);
  packet.header.destination = AddressAt(bytes, 24);
  if (packet.header.source.is_ipv4() || packet.header.destination.is_ipv4()) {
    return absl::InvalidArgumentError("a mapped IPv4 address in an IPv6 packet");
  }
  packet.header.protocol = bytes[6];
  packet.header.hops = bytes[7];
  packet.header.type_of_service = static_cast<uint8_t>(U16At(bytes, 0) >> 4);
  packet.body = bytes.subspan(kIpv6Header, body);
  return packet;
}

}  // namespace

size_t IpHeaderSize(const IpAddress& address) { return address.is_ipv4() ? kIpv4Header : kIpv6Header; }

void WriteIpHeader(const IpHeader& header, size_t body_length, std::vector<uint8_t>& bytes) {
  const size_t begin = bytes.size();
  Writer writer(bytes);
  if (!header.source.is_ipv4()) {
    writer.U32(uint32_t{6} << 28 | uint32_t{header.type_of_service} << 20);
    writer.U16(static_cast<uint16_t>(body_length));
    writer.U8(header.protocol);
    writer.U8(header.hops);
    for (const uint32_t word : header.source.words()) writer.U32(word);
    for (const uint32_t word : header.destination.words()) writer.U32(word);
    return;
  }
  writer.U16(static_cast<uint16_t>(0x4500 | header.type_of_service));
  writer.U16(static_cast<uint16_t>(kIpv4Header + body_length));
  writer.U16(header.identification);
  writer.U16(header.dont_fragment ? kDontFragment : 0);
  writer.U8(header.hops);
  writer.U8(header.protocol);
  writer.U16(0);  // the checksum, below
  writer.U32(header.source.ipv4());
  writer.U32(header.destination.ipv4());
  const std::span<uint8_t> written(bytes.data() + begin, kIpv4Header);
  StoreU16(written, kIpv4Checksum, Checksum(Sum(written)));
}

uint64_t PseudoHeaderSum(const IpHeader& header, size_t body_length) {
  uint64_t sum = header.protocol + uint64_t{body_length};
  const auto add = [&sum](uint32_t word) { sum += (word >> 16) + (word & 0xffff); };
  for (const IpAddress* address : {&header.source, &header.destination}) {
    if (address->is_ipv4()) {
      add(address->ipv4());
    } else {
      for (const uint32_t word : address->words()) add(word);
    }
  }
  return sum;
}

absl::StatusOr<IpPacket> ReadIpPacket(std::span<const uint8_t> bytes) {
  const int version = bytes.empty() ? 0 : bytes[0] >> 4;
  if (version == 4) return ReadIpv4(bytes);
  if (version == 6) return ReadIpv6(bytes);
  return absl::InvalidArgumentError(bytes.empty() ? "an IP packet cut to 0 bytes"
                                                  : absl::StrCat("IP version ", version, ", not 4 or 6"));
}

}  // namespace lab
