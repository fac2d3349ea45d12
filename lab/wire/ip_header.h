// An IP header and its form in bytes: of version 4 where its addresses are IPv4's, otherwise of version 6.
//
// Without options, extension headers and fragments, which no host of a world sends.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "lab/sockets/ip_address.h"
#include "lab/wire/bytes.h"

namespace lab {

struct IpHeader {
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;  // IPv6's next header
  uint8_t hops = 64;
  uint8_t type_of_service = 0;   // IPv6's traffic class
  uint16_t identification = 0;   // IPv6 has none
  bool dont_fragment = true;     // IPv6 never does
};

// 20 or 40.
size_t IpHeaderSize(const IpAddress& address);

// Writes the header of a packet with so many bytes behind it, its checksum right.
void WriteIpHeader(const IpHeader& header, size_t body_length, std::vector<uint8_t>& bytes);

// What the checksums of TCP and UDP, and of ICMP for IPv6, cover beside the body itself.
uint64_t PseudoHeaderSum(const IpHeader& header, size_t body_length);

struct IpPacket {
  IpHeader header;
  std::span<const uint8_t> body;  // in the bytes that were read
};

// InvalidArgument where the bytes are not a whole packet of either version, where it is a fragment, or where the
// checksum is wrong. Bytes behind the packet are ignored.
absl::StatusOr<IpPacket> ReadIpPacket(std::span<const uint8_t> bytes);

}  // namespace lab
