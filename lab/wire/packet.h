// A packet between two hosts: IP (of the version that its addresses have) with TCP, UDP or ICMP, as fields, and its
// form in bytes.
//
// Checksums and bytes are made only where somebody looks: a capture, or a TUN device.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/sockets/ip_address.h"
#include "lab/wire/payload.h"

namespace lab {

// One block of received bytes ahead of a hole (RFC 2018): [begin, end).
struct SackBlock {
  uint32_t begin = 0;
  uint32_t end = 0;

  bool operator==(const SackBlock&) const = default;
};

// The blocks that one segment reports: no more fit into its options.
class SackBlocks {
 public:
  static constexpr size_t kMost = 4;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const SackBlock* data() const { return blocks_.data(); }
  const SackBlock* begin() const { return data(); }
  const SackBlock* end() const { return data() + size_; }
  const SackBlock& operator[](size_t i) const { return blocks_[i]; }

  // Only where there are less than kMost.
  void push_back(const SackBlock& block) {
    if (size_ == kMost) std::abort();
    blocks_[size_++] = block;
  }
  void pop_back() { --size_; }
  void clear() { size_ = 0; }

  bool operator==(const SackBlocks& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

 private:
  std::array<SackBlock, kMost> blocks_;
  uint8_t size_ = 0;
};

// RFC 9293's header without ports and checksum, and the options that Linux sends. Copying it copies memory.
struct TcpHeader {
  uint32_t seq = 0;
  uint32_t ack = 0;  // meaningful where ack_flag is set
  uint16_t window = 0;  // as on the wire, not yet scaled
  uint16_t urgent = 0;
  bool syn = false;
  bool ack_flag = false;
  bool fin = false;
  bool rst = false;
  bool psh = false;
  bool urg = false;

  bool sack_permitted = false;            // RFC 2018, only with SYN
  std::optional<uint8_t> window_scale;    // RFC 7323, only with SYN
  std::optional<uint16_t> mss;            // RFC 9293, only with SYN
  struct Timestamps {
    uint32_t value;
    uint32_t echo;
    bool operator==(const Timestamps&) const = default;
  };
  std::optional<Timestamps> timestamps;   // RFC 7323
  SackBlocks sack;                        // RFC 2018

  // Length of the header with its options, padded to four bytes.
  size_t size() const;
  // "SYN, ACK", "FIN, ACK", "RST"; empty for a segment with none of them set.
  std::string FlagsToString() const;
};

// RFC 792's header without the checksum. See icmp.h.
struct IcmpHeader {
  uint8_t type = 0;
  uint8_t code = 0;
  uint32_t rest = 0;  // by type: an echo's identifier and number, or the next hop's MTU

  bool operator==(const IcmpHeader&) const = default;
};

// With the numbers of the IPv4 header; IPv6 has its own for ICMP, and ICMP its own types there.
enum class Protocol : uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17 };

struct Packet {
  static constexpr uint8_t kUsualHops = 64;

  Endpoint source;  // ICMP has no ports: they are 0
  Endpoint destination;
  Protocol protocol = Protocol::kTcp;
  uint8_t hops = kUsualHops;     // IP_TTL
  uint8_t type_of_service = 0;   // IP_TOS
  TcpHeader tcp;                 // with kTcp; otherwise as it is made
  IcmpHeader icmp;               // with kIcmp
  Payload payload;               // what follows the header

  bool is_tcp() const { return protocol == Protocol::kTcp; }
  // The sequence numbers that it takes up: its bytes, and one each for SYN and FIN.
  uint32_t sequence_length() const;
  // The whole packet's length on the wire, IP header included.
  size_t wire_size() const;
};

// The packet in bytes, checksums right. Both addresses are of one family. `identification` goes into an IPv4 header.
std::vector<uint8_t> ToBytes(const Packet& packet, uint16_t identification = 0);

// The packet that these bytes are. InvalidArgument where they are not whole, not IP (version, header
// length, a fragment) or a checksum is wrong; Unimplemented where they are a protocol that Packet has not.
absl::StatusOr<Packet> FromBytes(std::span<const uint8_t> bytes);

}  // namespace lab
