#include "lab/wire/packet.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lab/wire/ip_header.h"

namespace lab {
namespace {

constexpr size_t kTcpHeader = 20;
constexpr size_t kMostOptions = 40;
constexpr size_t kUdpHeader = 8;
constexpr size_t kIcmpHeader = 8;

// RFC 9293, 3.1 and RFCs 7323 and 2018.
enum OptionKind : uint8_t {
  kEndOfOptions = 0,
  kNop = 1,
  kMss = 2,
  kWindowScale = 3,
  kSackPermitted = 4,
  kSack = 5,
  kTimestamps = 8,
};

// Length of the options without the SACK blocks, with their padding.
size_t FixedOptionsSize(const TcpHeader& tcp) {
  size_t size = 0;
  if (tcp.mss) size += 4;
  if (tcp.timestamps) {
    size += 12;  // SACK-permitted, if any, takes the place of the padding
  } else if (tcp.sack_permitted) {
    size += 4;
  }
  if (tcp.window_scale) size += 4;
  return size;
}

// How many blocks fit: four, or three beside timestamps.
size_t FittingBlocks(const TcpHeader& tcp) {
  const size_t space = kMostOptions - FixedOptionsSize(tcp);
  return space < 12 ? 0 : std::min(tcp.sack.size(), (space - 4) / 8);
}

// ICMP's number in IPv6 (RFC 4443).
constexpr uint8_t kIcmpv6 = 58;

uint8_t NumberOf(Protocol protocol, bool ipv4) {
  return protocol == Protocol::kIcmp && !ipv4 ? kIcmpv6 : static_cast<uint8_t>(protocol);
}

// Over all that follows the IP header, with the pseudo header (RFC 9293, 3.1, RFC 768 and RFC 4443) where the protocol
// has one; 0 where its own checksum field holds the right one.
uint16_t BodyChecksum(const IpHeader& ip, std::span<const uint8_t> body) {
  const bool bare = ip.protocol == static_cast<uint8_t>(Protocol::kIcmp);
  return Checksum((bare ? 0 : PseudoHeaderSum(ip, body.size())) + Sum(body));
}

// Where the checksum stands in a protocol's header.
size_t ChecksumAt(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp: return 16;
    case Protocol::kUdp: return 6;
    case Protocol::kIcmp: return 2;
  }
  std::abort();
}

void WriteTcpOptions(const TcpHeader& tcp, Writer& writer) {
  if (tcp.mss) {
    writer.U16(kMss << 8 | 4);
    writer.U16(*tcp.mss);
  }
  if (tcp.timestamps || tcp.sack_permitted) {
    writer.U16(tcp.sack_permitted ? kSackPermitted << 8 | 2 : kNop << 8 | kNop);
    writer.U16(tcp.timestamps ? kTimestamps << 8 | 10 : kNop << 8 | kNop);
  }
  if (tcp.timestamps) {
    writer.U32(tcp.timestamps->value);
    writer.U32(tcp.timestamps->echo);
  }
  if (tcp.window_scale) {
    writer.U16(kNop << 8 | kWindowScale);
    writer.U16(static_cast<uint16_t>(3 << 8 | *tcp.window_scale));
  }
  const size_t blocks = FittingBlocks(tcp);
  if (blocks == 0) return;
  writer.U16(kNop << 8 | kNop);
  writer.U16(static_cast<uint16_t>(kSack << 8 | (2 + 8 * blocks)));
  for (size_t i = 0; i < blocks; ++i) {
    writer.U32(tcp.sack[i].begin);
    writer.U32(tcp.sack[i].end);
  }
}

uint8_t FlagBits(const TcpHeader& tcp) {
  return static_cast<uint8_t>(tcp.fin << 0 | tcp.syn << 1 | tcp.rst << 2 | tcp.psh << 3 | tcp.ack_flag << 4 |
                              tcp.urg << 5);
}

// The protocol's header; its checksum is still 0.
void WriteHeader(const Packet& packet, Writer& writer) {
  if (packet.protocol == Protocol::kIcmp) {
    writer.U8(packet.icmp.type);
    writer.U8(packet.icmp.code);
    writer.U16(0);
    writer.U32(packet.icmp.rest);
    return;
  }
  writer.U16(packet.source.port);
  writer.U16(packet.destination.port);
  if (packet.protocol == Protocol::kUdp) {
    writer.U16(static_cast<uint16_t>(kUdpHeader + packet.payload.size()));
    writer.U16(0);
    return;
  }
  const TcpHeader& tcp = packet.tcp;
  writer.U32(tcp.seq);
  writer.U32(tcp.ack);
  writer.U8(static_cast<uint8_t>(tcp.size() / 4 << 4));
  writer.U8(FlagBits(tcp));
  writer.U16(tcp.window);
  writer.U16(0);
  writer.U16(tcp.urgent);
  WriteTcpOptions(tcp, writer);
}

// One option, `bytes` being the whole of it. What is unknown or of a wrong length is passed over, as Linux does.
void ReadOption(std::span<const uint8_t> bytes, TcpHeader& tcp) {
  const size_t length = bytes.size();
  switch (bytes[0]) {
    case kMss:
      if (length == 4 && tcp.syn) tcp.mss = U16At(bytes, 2);
      break;
    case kWindowScale:
      if (length == 3 && tcp.syn) tcp.window_scale = bytes[2];
      break;
    case kSackPermitted:
      if (length == 2 && tcp.syn) tcp.sack_permitted = true;
      break;
    case kTimestamps:
      if (length == 10) tcp.timestamps = {U32At(bytes, 2), U32At(bytes, 6)};
      break;
    case kSack:
      if (length < 10 || (length - 2) % 8 != 0) break;
      tcp.sack.clear();
      for (size_t at = 2; at < length; at += 8) tcp.sack.push_back({U32At(bytes, at), U32At(bytes, at + 4)});
      break;
    default:
      break;
  }
}

void ReadTcpOptions(std::span<const uint8_t> bytes, TcpHeader& tcp) {
  while (!bytes.empty() && bytes[0] != kEndOfOptions) {
    if (bytes[0] == kNop) {
      bytes = bytes.subspan(1);
      continue;
    }
    if (bytes.size() < 2 || bytes[1] < 2 || bytes[1] > bytes.size()) return;
    ReadOption(bytes.first(bytes[1]), tcp);
    bytes = bytes.subspan(bytes[1]);
  }
}

absl::Status CutShort(const char* what, size_t length) {
  return absl::InvalidArgumentError(absl::StrCat(what, " cut to ", length, " bytes"));
}

absl::Status WrongChecksum(const char* protocol) {
  return absl::InvalidArgumentError(absl::StrCat("the ", protocol, " checksum is wrong"));
}

absl::Status ReadTcp(const IpHeader& ip, std::span<const uint8_t> bytes, Packet& packet) {
  const size_t header = bytes.size() < kTcpHeader ? 0 : bytes[12] >> 4 << 2;
  if (header < kTcpHeader || header > bytes.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a TCP header of ", header, " bytes in a segment of ", bytes.size()));
  }
  if (BodyChecksum(ip, bytes) != 0) return WrongChecksum("TCP");
  packet.source.port = U16At(bytes, 0);
  packet.destination.port = U16At(bytes, 2);
  TcpHeader& tcp = packet.tcp;
  tcp.seq = U32At(bytes, 4);
  tcp.ack = U32At(bytes, 8);
  const uint8_t flags = bytes[13];
  tcp.fin = flags & 1;
  tcp.syn = flags & 2;
  tcp.rst = flags & 4;
  tcp.psh = flags & 8;
  tcp.ack_flag = flags & 16;
  tcp.urg = flags & 32;
  tcp.window = U16At(bytes, 14);
  tcp.urgent = U16At(bytes, 18);
  ReadTcpOptions(bytes.subspan(kTcpHeader, header - kTcpHeader), tcp);
  packet.payload = Payload::Copy(bytes.data() + header, bytes.size() - header);
  return absl::OkStatus();
}

absl::Status ReadUdp(const IpHeader& ip, std::span<const uint8_t> bytes, Packet& packet) {
  if (bytes.size() < kUdpHeader) return CutShort("a datagram", bytes.size());
  const size_t length = U16At(bytes, 4);
  if (length < kUdpHeader || length > bytes.size()) {
    return absl::InvalidArgumentError(absl::StrCat("a datagram of ", length, " bytes in ", bytes.size()));
  }
  bytes = bytes.first(length);
  if (U16At(bytes, 6) != 0 && BodyChecksum(ip, bytes) != 0) return WrongChecksum("UDP");
  packet.source.port = U16At(bytes, 0);
  packet.destination.port = U16At(bytes, 2);
  packet.payload = Payload::Copy(bytes.data() + kUdpHeader, bytes.size() - kUdpHeader);
  return absl::OkStatus();
}

absl::Status ReadIcmp(const IpHeader& ip, std::span<const uint8_t> bytes, Packet& packet) {
  if (bytes.size() < kIcmpHeader) return CutShort("an ICMP message", bytes.size());
  if (BodyChecksum(ip, bytes) != 0) return WrongChecksum("ICMP");
  packet.icmp = {bytes[0], bytes[1], U32At(bytes, 4)};
  packet.payload = Payload::Copy(bytes.data() + kIcmpHeader, bytes.size() - kIcmpHeader);
  return absl::OkStatus();
}

}  // namespace

size_t TcpHeader::size() const {
  const size_t blocks = FittingBlocks(*this);
  return kTcpHeader + FixedOptionsSize(*this) + (blocks > 0 ? 4 + 8 * blocks : 0);
}

std::string TcpHeader::FlagsToString() const {
  std::string flags;
  const auto add = [&flags](bool set, const char* name) {
    if (set) absl::StrAppend(&flags, flags.empty() ? "" : ", ", name);
  };
  add(syn, "SYN");
  add(fin, "FIN");
  add(rst, "RST");
  add(psh, "PSH");
  add(ack_flag, "ACK");
  add(urg, "URG");
  return flags;
}

uint32_t Packet::sequence_length() const { return static_cast<uint32_t>(payload.size()) + tcp.syn + tcp.fin; }

size_t Packet::wire_size() const {
  const size_t header = is_tcp() ? tcp.size() : protocol == Protocol::kUdp ? kUdpHeader : kIcmpHeader;
  return IpHeaderSize(source.address) + header + payload.size();
}

std::vector<uint8_t> ToBytes(const Packet& packet, uint16_t identification) {
  const size_t size = packet.wire_size();
  const size_t body_at = IpHeaderSize(packet.source.address);
  // A link's MTU bounds segments below that.
  if (size > 65'535 || packet.source.address.is_ipv4() != packet.destination.address.is_ipv4()) std::abort();
  IpHeader ip;
  ip.source = packet.source.address;
  ip.destination = packet.destination.address;
  ip.protocol = NumberOf(packet.protocol, ip.source.is_ipv4());
  ip.hops = packet.hops;
  ip.type_of_service = packet.type_of_service;
  ip.identification = identification;
  ip.dont_fragment = packet.protocol != Protocol::kIcmp;
  std::vector<uint8_t> bytes;
  bytes.reserve(size);
  WriteIpHeader(ip, size - body_at, bytes);

  Writer writer(bytes);
  WriteHeader(packet, writer);
  const size_t payload_at = bytes.size();
  bytes.resize(size);
  packet.payload.CopyTo(bytes.data() + payload_at, size - payload_at);

  const std::span<uint8_t> body(bytes.data() + body_at, size - body_at);
  const uint16_t checksum = BodyChecksum(ip, body);
  // UDP's 0 says that there is none.
  const bool all_ones = packet.protocol == Protocol::kUdp && checksum == 0;
  StoreU16(body, ChecksumAt(packet.protocol), all_ones ? 0xffff : checksum);
  return bytes;
}

absl::StatusOr<Packet> FromBytes(std::span<const uint8_t> bytes) {
  const absl::StatusOr<IpPacket> read = ReadIpPacket(bytes);
  if (!read.ok()) return read.status();
  const auto& [ip, body] = *read;
  Packet packet;
  packet.source.address = ip.source;
  packet.destination.address = ip.destination;
  packet.type_of_service = ip.type_of_service;
  packet.hops = ip.hops;
  absl::Status status;
  if (ip.protocol == static_cast<uint8_t>(Protocol::kTcp)) {
    packet.protocol = Protocol::kTcp;
    status = ReadTcp(ip, body, packet);
  } else if (ip.protocol == static_cast<uint8_t>(Protocol::kUdp)) {
    packet.protocol = Protocol::kUdp;
    status = ReadUdp(ip, body, packet);
  } else if (ip.protocol == NumberOf(Protocol::kIcmp, ip.source.is_ipv4())) {
    packet.protocol = Protocol::kIcmp;
    status = ReadIcmp(ip, body, packet);
  } else {
    status = absl::UnimplementedError(absl::StrCat("IP protocol ", ip.protocol, ", not TCP, UDP or ICMP"));
  }
  if (!status.ok()) return status;
  return packet;
}

}  // namespace lab
