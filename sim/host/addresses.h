// Socket addresses and names at the edge of the simulated kernel.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include "lab/wire/packet.h"
#include "sim/host/network.h"

namespace sim {

// Reads a sockaddr_in. 0, or -EFAULT, -EINVAL (too short), -EAFNOSUPPORT.
int LoadAddress(const sockaddr* address, socklen_t length, lab::Endpoint& out);

// The same for bind, which takes AF_UNSPEC with 0.0.0.0 for AF_INET.
int LoadBindAddress(const sockaddr* address, socklen_t length, lab::Endpoint& out);

// Stores it as accept and getsockname do: cut to *length, which becomes its full length. Both may be null. 0, or
// -EFAULT, -EINVAL.
int StoreAddress(const lab::Endpoint& endpoint, sockaddr* address, socklen_t* length);

// getaddrinfo by the names of the network's hosts. `*result` is to be given to FreeNames.
int ResolveNames(const Network& network, const char* node, const char* service, const addrinfo* hints,
                 addrinfo** result);
void FreeNames(addrinfo* result);

}  // namespace sim
