// Socket addresses at the edge of the simulated kernel.
#pragma once

#include <sys/socket.h>

#include "lab/wire/packet.h"

namespace sim {

// Reads the address that a socket of the domain was given: a sockaddr_in, or a sockaddr_in6 (whose scope is nothing
// that a host here would need). There are none of AF_UNIX here: -EINVAL. 0, or -EFAULT, -EINVAL (too short, or
// link-local without a scope), -EAFNOSUPPORT.
int LoadAddress(int domain, const sockaddr* address, socklen_t length, lab::Endpoint& out);

// The same for bind, which takes AF_UNSPEC with 0.0.0.0 for AF_INET.
int LoadBindAddress(int domain, const sockaddr* address, socklen_t length, lab::Endpoint& out);

// Stores it as a socket of the domain calls it, and as accept and getsockname do: cut to *length, which becomes its
// full length. Those of AF_UNIX have no name, and are a family alone. Both may be null. 0, or -EFAULT, -EINVAL.
int StoreAddress(int domain, const lab::Endpoint& endpoint, sockaddr* address, socklen_t* length);

}  // namespace sim
