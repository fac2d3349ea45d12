// What getaddrinfo makes of a service's name or number: sockets' types with their ports.
#pragma once

#include <cstdint>
#include <vector>

namespace sim {

struct ServiceEntry {
  int type;
  int protocol;
  uint16_t port;
};

// What the hints say of sockets; 0: any.
struct ServiceQuestion {
  int type = 0;
  int protocol = 0;
  bool numeric = false;  // AI_NUMERICSERV
};

// One entry for each type of socket that is asked for, in glibc's order; `service` may be null. Names are those that
// programs of a course use, as /etc/services has them. 0, or EAI_SERVICE, EAI_NONAME (AI_NUMERICSERV), EAI_SOCKTYPE.
int ResolveService(const char* service, const ServiceQuestion& asked, std::vector<ServiceEntry>& entries);

}  // namespace sim
