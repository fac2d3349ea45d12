// ICMP's errors (RFC 792, for IPv6 RFC 4443): what a host answers to a packet that it can't use, and what such an
// answer is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lab/wire/packet.h"

namespace lab {

// Types, and the codes of kUnreachable.
enum IcmpType : uint8_t {
  kIcmpEchoReply = 0,
  kIcmpUnreachable = 3,
  kIcmpEcho = 8,
  kIcmpTimeExceeded = 11,
};
enum IcmpUnreachableCode : uint8_t {
  kIcmpNetUnreachable = 0,
  kIcmpHostUnreachable = 1,
  kIcmpProtocolUnreachable = 2,
  kIcmpPortUnreachable = 3,
  kIcmpFragmentationNeeded = 4,
};

// IPv6's own numbers.
enum Icmpv6Type : uint8_t { kIcmpv6Unreachable = 1 };
enum Icmpv6UnreachableCode : uint8_t { kIcmpv6PortUnreachable = 4 };

// That nobody has the packet's port, by its family.
IcmpHeader PortUnreachable(const Packet& packet);

// The message about `packet`, from `reporter` to where it came from. It quotes the packet's beginning: 576 bytes at
// most in all, 1,280 with IPv6, as Linux does.
Packet IcmpError(const Packet& packet, const Endpoint& reporter, IcmpHeader error);

// What an error quotes of the packet that it is about.
struct Quoted {
  Protocol protocol = Protocol::kTcp;
  Endpoint source;
  Endpoint destination;
  uint32_t seq = 0;  // TCP's
  Payload payload;   // as much of a datagram's as was quoted; empty with TCP
};
// Nothing where the packet is no ICMP error, or quotes too little.
std::optional<Quoted> QuotedIn(const Packet& packet);

// What an ICMP packet says: "port unreachable", "host unreachable", "echo", "type 42, code 0".
std::string DescribeIcmp(const Packet& packet);

}  // namespace lab
