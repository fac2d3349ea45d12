// getaddrinfo of the simulated kernel: what libc would answer with the world's names in /etc/hosts.
#pragma once

#include <netdb.h>

#include "sim/host/network.h"

namespace sim {

// Knows the network's hosts (NAME and ip6-NAME), localhost, ip6-localhost, and numbers. `*result` is to be given to
// FreeNames. 0, or an EAI_ error.
int ResolveNames(const Network& network, const char* node, const char* service, const addrinfo* hints,
                 addrinfo** result);
void FreeNames(addrinfo* result);

}  // namespace sim
