// A packet between two hosts: IPv4 with TCP, as fields, and its form in bytes.
//
// Checksums and bytes are made only where somebody looks: a capture, or a TUN device.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
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

// RFC 9293's header without ports and checksum, and the options that Linux sends.
struct TcpHeader {
  uint32_t seq = 0;
  uint32_t ack = 0;  // meaningful where ack_flag is set
  bool syn = false;
  bool ack_flag = false;
  bool fin = false;
  bool rst = false;
  bool psh = false;
  bool urg = false;
  uint16_t window = 0;  // as on the wire, not yet scaled
  uint16_t urgent = 0;

  std::optional<uint16_t> mss;            // RFC 9293, only with SYN
  std::optional<uint8_t> window_scale;    // RFC 7323, only with SYN
  bool sack_permitted = false;            // RFC 2018, only with SYN
  struct Timestamps {
    uint32_t value;
    uint32_t echo;
    bool operator==(const Timestamps&) const = default;
  };
  std::optional<Timestamps> timestamps;   // RFC 7323
  absl::InlinedVector<SackBlock, 4> sack;  // RFC 2018

  // Length of the header with its options, padded to four bytes.
  size_t size() const;
  // "SYN, ACK", "FIN, ACK", "RST"; empty for a segment with none of them set.
  std::string FlagsToString() const;
};

struct Packet {
  Endpoint source;
  Endpoint destination;
  TcpHeader tcp;
  Payload payload;

  // The sequence numbers that it takes up: its bytes, and one each for SYN and FIN.
  uint32_t sequence_length() const;
  // The whole packet's length on the wire, IPv4 header included.
  size_t wire_size() const;
};

// The IPv4 packet in bytes, checksums right. `identification` goes into the IPv4 header.
std::vector<uint8_t> ToBytes(const Packet& packet, uint16_t identification = 0);

// The packet that these bytes are. InvalidArgument where they are not whole, not IPv4 (version, header
// length, a fragment) or a checksum is wrong; Unimplemented where they are another protocol than TCP.
absl::StatusOr<Packet> FromBytes(std::span<const uint8_t> bytes);

}  // namespace lab
