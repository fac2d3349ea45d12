#include "sim/host/addresses.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sim {
namespace {

// A socket address of either family.
struct AnyAddress {
  sockaddr_storage bytes{};
  socklen_t length = 0;
};

AnyAddress ToSockaddr(int domain, const lab::Endpoint& endpoint) {
  AnyAddress address;
  if (domain == AF_INET6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    in6.sin6_addr = endpoint.address.ToIn6();
    address.length = sizeof in6;
    std::memcpy(&address.bytes, &in6, sizeof in6);
    return address;
  }
  if (domain == AF_UNIX) {
    address.bytes.ss_family = AF_UNIX;
    address.length = sizeof address.bytes.ss_family;
    return address;
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(endpoint.port);
  in.sin_addr.s_addr = htonl(endpoint.address.ipv4());
  address.length = sizeof in;
  std::memcpy(&address.bytes, &in, sizeof in);
  return address;
}

int LoadIpv4(const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  sockaddr_in in;
  if (length < sizeof in) return -EINVAL;
  std::memcpy(&in, address, sizeof in);
  if (in.sin_family != AF_INET) return -EAFNOSUPPORT;
  out = {ntohl(in.sin_addr.s_addr), ntohs(in.sin_port)};
  return 0;
}

int LoadIpv6(const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  constexpr socklen_t kWithoutScope = 24;  // RFC 2133's structure, which is taken too
  if (length < kWithoutScope) return -EINVAL;
  sockaddr_in6 in6{};
  std::memcpy(&in6, address, std::min<size_t>(length, sizeof in6));
  if (in6.sin6_family != AF_INET6) return -EAFNOSUPPORT;
  out = {lab::IpAddress(in6.sin6_addr), ntohs(in6.sin6_port)};
  return out.address.is_ipv6_link_local() && in6.sin6_scope_id == 0 ? -EINVAL : 0;
}

}  // namespace

int LoadAddress(int domain, const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  if (static_cast<int>(length) < 0 || length > sizeof(sockaddr_storage)) return -EINVAL;
  if (address == nullptr) return length == 0 ? -EINVAL : -EFAULT;
  if (domain == AF_UNIX) return -EINVAL;
  return domain == AF_INET6 ? LoadIpv6(address, length, out) : LoadIpv4(address, length, out);
}

int LoadBindAddress(int domain, const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  sockaddr_in in;
  const bool readable = address != nullptr && length >= sizeof in && length <= sizeof(sockaddr_storage);
  if (domain != AF_INET || !readable) return LoadAddress(domain, address, length, out);
  std::memcpy(&in, address, sizeof in);
  if (in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == INADDR_ANY) in.sin_family = AF_INET;
  return LoadAddress(AF_INET, reinterpret_cast<const sockaddr*>(&in), sizeof in, out);
}

int StoreAddress(int domain, const lab::Endpoint& endpoint, sockaddr* address, socklen_t* length) {
  if (address == nullptr) return 0;
  if (length == nullptr) return -EFAULT;
  if (static_cast<int>(*length) < 0) return -EINVAL;
  const AnyAddress stored = ToSockaddr(domain, endpoint);
  std::memcpy(address, &stored.bytes, std::min(*length, stored.length));
  *length = stored.length;
  return 0;
}

}  // namespace sim
