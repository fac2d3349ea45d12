// What a host of the real world is called by its peers.
#pragma once

#include "lab/sockets/ip_address.h"

namespace real {

struct Addresses {
  uint32_t ipv4;        // host byte order
  lab::IpAddress ipv6;  // counts only where the kernel has IPv6
};

}  // namespace real
