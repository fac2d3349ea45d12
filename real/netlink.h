// What a host has to say to its kernel by netlink.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "lab/sockets/ip_address.h"

namespace real {

// Whether a TCP socket listens on the port, in the network namespace that `sock_diag` (NETLINK_SOCK_DIAG) was opened
// in.
bool ListensOn(int sock_diag, uint16_t port);
// Whether a UDP socket is bound to it, likewise.
bool BoundTo(int sock_diag, uint16_t port);
// Whether a TCP socket listens, or a UDP socket has a port that was chosen for it, likewise.
bool Serves(int sock_diag);

// Routes packets to `destination` through the device with `mtu` at most, in the namespace that
// `route` (NETLINK_ROUTE) was opened in; replaces an earlier such route.
absl::Status RouteWithMtu(int route, int device_index, const lab::IpAddress& destination, uint32_t mtu);

// Gives the device an IPv6 address that can be used at once: one that is first to be searched for on the network
// can't be bound or connected from until a thread of the kernel has run. In the namespace that `route` was opened in.
absl::Status AddIpv6Address(int route, int device_index, const lab::IpAddress& address, uint8_t prefix_length);

// Lets so many packets wait in the device; in the namespace that `route` was opened in.
absl::Status SetQueueLength(int route, int device_index, uint32_t packets);

}  // namespace real
