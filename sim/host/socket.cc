#include "sim/host/socket.h"

#include <cerrno>

#include "sim/host/host.h"

namespace sim {

int Socket::CheckLocal(const Host& host, const lab::Endpoint& local) const {
  constexpr uint16_t kFirstUnprivileged = 1024;
  const lab::IpAddress& address = local.address;
  if (domain_ == AF_INET6 && !address.is_ipv4() && address.is_multicast() && type() == SOCK_STREAM) return -EINVAL;
  // The families differ in the order in which they find what is wrong.
  const bool is_privileged = local.port != 0 && local.port < kFirstUnprivileged;
  if (is_privileged && domain_ == AF_INET6) return -EACCES;
  if (address.is_ipv4() && domain_ == AF_INET6 && options_->ipv6_only) return -EINVAL;
  if (!address.is_any() && !host.IsLocal(address)) return -EADDRNOTAVAIL;
  return is_privileged ? -EACCES : 0;
}

}  // namespace sim
