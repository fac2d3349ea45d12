#include "lab/wire/packet.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lab {
namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kTcpHeader = 20;
constexpr size_t kMostOptions = 40;
constexpr uint8_t kTcp = 6;

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
size_t SackBlocks(const TcpHeader& tcp) {
  const size_t space = kMostOptions - FixedOptionsSize(tcp);
  return space < 12 ? 0 : std::min(tcp.sack.size(), (space - 4) / 8);
}

class Writer {
 public:
  explicit Writer(std::vector<uint8_t>& bytes) : bytes_(bytes) {}

  void U8(uint8_t value) { bytes_.push_back(value); }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value >> 8));
    U8(static_cast<uint8_t>(value));
  }
  void U32(uint32_t value) {
    U16(static_cast<uint16_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
  }

 private:
  std::vector<uint8_t>& bytes_;
};

uint16_t U16At(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

uint32_t U32At(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{U16At(bytes, at)} << 16 | U16At(bytes, at + 2);
}

// RFC 1071's sum, not yet folded.
uint64_t Sum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += U16At(bytes, i);
  if (bytes.size() % 2 != 0) sum += uint64_t{bytes.back()} << 8;
  return sum;
}

uint16_t Checksum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

// Over the segment with the pseudo header (RFC 9293, 3.1); 0 where its own checksum field holds the right one.
uint16_t TcpChecksum(std::span<const uint8_t> ip_header, std::span<const uint8_t> segment) {
  return Checksum(Sum(ip_header.subspan(12, 8)) + kTcp + segment.size() + Sum(segment));
}

void WriteOptions(const TcpHeader& tcp, Writer& writer) {
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
  const size_t blocks = SackBlocks(tcp);
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

void ReadOptions(std::span<const uint8_t> bytes, TcpHeader& tcp) {
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

// Checks the IPv4 header, and cuts `bytes` to what it says the packet's length is.
absl::StatusOr<std::span<const uint8_t>> CheckIp(std::span<const uint8_t> bytes) {
  if (bytes.size() < kIpHeader) {
    return absl::InvalidArgumentError(absl::StrCat("an IPv4 packet cut to ", bytes.size(), " bytes"));
  }
  if (bytes[0] >> 4 != 4) return absl::InvalidArgumentError(absl::StrCat("IP version ", bytes[0] >> 4, ", not 4"));
  const size_t header = size_t{4} * (bytes[0] & 0xf);
  const size_t total = U16At(bytes, 2);
  if (header < kIpHeader || total < header || total > bytes.size()) {
    return absl::InvalidArgumentError(absl::StrCat("an IPv4 header of ", header, " bytes in a packet of ", total,
                                                   " bytes, of which ", bytes.size(), " are here"));
  }
  if (Checksum(Sum(bytes.first(header))) != 0) return absl::InvalidArgumentError("the IPv4 checksum is wrong");
  if ((U16At(bytes, 6) & 0x3fff) != 0) return absl::InvalidArgumentError("a fragment of an IPv4 packet");
  return bytes.first(total);
}

}  // namespace

size_t TcpHeader::size() const {
  const size_t blocks = SackBlocks(*this);
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

size_t Packet::wire_size() const { return kIpHeader + tcp.size() + payload.size(); }

std::vector<uint8_t> ToBytes(const Packet& packet, uint16_t identification) {
  const size_t size = packet.wire_size();
  if (size > 65'535) std::abort();  // a link's MTU bounds segments below that
  std::vector<uint8_t> bytes;
  bytes.reserve(size);
  Writer writer(bytes);
  writer.U16(0x4500);
  writer.U16(static_cast<uint16_t>(size));
  writer.U16(identification);
  writer.U16(0x4000);  // don't fragment
  writer.U8(64);       // hops
  writer.U8(kTcp);
  writer.U16(0);  // checksum, below
  writer.U32(packet.source.address.ipv4());
  writer.U32(packet.destination.address.ipv4());

  const TcpHeader& tcp = packet.tcp;
  writer.U16(packet.source.port);
  writer.U16(packet.destination.port);
  writer.U32(tcp.seq);
  writer.U32(tcp.ack);
  writer.U8(static_cast<uint8_t>(tcp.size() / 4 << 4));
  writer.U8(FlagBits(tcp));
  writer.U16(tcp.window);
  writer.U16(0);  // checksum, below
  writer.U16(tcp.urgent);
  WriteOptions(tcp, writer);
  const size_t payload_at = bytes.size();
  bytes.resize(size);
  packet.payload.CopyTo(bytes.data() + payload_at, size - payload_at);

  const std::span<uint8_t> ip(bytes.data(), kIpHeader);
  const std::span<uint8_t> segment(bytes.data() + kIpHeader, size - kIpHeader);
  const auto store = [&bytes](size_t at, uint16_t value) {
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value);
  };
  store(10, Checksum(Sum(ip)));
  store(kIpHeader + 16, TcpChecksum(ip, segment));
  return bytes;
}

absl::StatusOr<Packet> FromBytes(std::span<const uint8_t> bytes) {
  const auto whole = CheckIp(bytes);
  if (!whole.ok()) return whole.status();
  bytes = *whole;
  if (bytes[9] != kTcp) return absl::UnimplementedError(absl::StrCat("IP protocol ", bytes[9], ", not TCP"));
  const std::span<const uint8_t> ip = bytes;
  bytes = bytes.subspan(size_t{4} * (bytes[0] & 0xf));
  const size_t header = bytes.size() < kTcpHeader ? 0 : bytes[12] >> 4 << 2;
  if (header < kTcpHeader || header > bytes.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a TCP header of ", header, " bytes in a segment of ", bytes.size()));
  }
  if (TcpChecksum(ip, bytes) != 0) return absl::InvalidArgumentError("the TCP checksum is wrong");

  Packet packet;
  packet.source = {U32At(ip, 12), U16At(bytes, 0)};
  packet.destination = {U32At(ip, 16), U16At(bytes, 2)};
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
  ReadOptions(bytes.subspan(kTcpHeader, header - kTcpHeader), tcp);
  packet.payload = Payload::Copy(bytes.data() + header, bytes.size() - header);
  return packet;
}

}  // namespace lab
