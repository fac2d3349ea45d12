#include "sim/host/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"

namespace sim {
namespace {

sockaddr_in ToSockaddr(const lab::Endpoint& endpoint) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(endpoint.port);
  in.sin_addr.s_addr = htonl(endpoint.address.ipv4());
  return in;
}

// An entry of the list, with its address and name in the same block.
struct Entry {
  addrinfo info{};
  sockaddr_in address{};
  std::string canonical_name;
};

std::optional<uint32_t> FindNode(const Network& network, const char* node, int flags) {
  if (node == nullptr) return (flags & AI_PASSIVE) != 0 ? 0 : Network::kLoopback;
  in_addr numeric;
  if (inet_aton(node, &numeric) != 0) return ntohl(numeric.s_addr);
  if ((flags & AI_NUMERICHOST) != 0) return std::nullopt;
  if (std::string_view(node) == "localhost") return Network::kLoopback;
  const uint32_t address = network.Resolve(node);
  return address != 0 ? std::optional(address) : std::nullopt;
}

}  // namespace

int LoadAddress(const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  if (static_cast<int>(length) < 0 || length > sizeof(sockaddr_storage)) return -EINVAL;
  if (address == nullptr) return length == 0 ? -EINVAL : -EFAULT;
  sockaddr_in in;
  if (length < sizeof in) return -EINVAL;
  std::memcpy(&in, address, sizeof in);
  if (in.sin_family != AF_INET) return -EAFNOSUPPORT;
  out = {ntohl(in.sin_addr.s_addr), ntohs(in.sin_port)};
  return 0;
}

int LoadBindAddress(const sockaddr* address, socklen_t length, lab::Endpoint& out) {
  sockaddr_in in;
  const bool readable = address != nullptr && length >= sizeof in && length <= sizeof(sockaddr_storage);
  if (!readable) return LoadAddress(address, length, out);
  std::memcpy(&in, address, sizeof in);
  if (in.sin_family != AF_UNSPEC || in.sin_addr.s_addr != INADDR_ANY) return LoadAddress(address, length, out);
  in.sin_family = AF_INET;
  return LoadAddress(reinterpret_cast<const sockaddr*>(&in), sizeof in, out);
}

int StoreAddress(const lab::Endpoint& endpoint, sockaddr* address, socklen_t* length) {
  if (address == nullptr) return 0;
  if (length == nullptr) return -EFAULT;
  if (static_cast<int>(*length) < 0) return -EINVAL;
  const sockaddr_in in = ToSockaddr(endpoint);
  std::memcpy(address, &in, std::min<size_t>(*length, sizeof in));
  *length = sizeof in;
  return 0;
}

int ResolveNames(const Network& network, const char* node, const char* service, const addrinfo* hints,
                 addrinfo** result) {
  if (node == nullptr && service == nullptr) return EAI_NONAME;
  const int flags = hints != nullptr ? hints->ai_flags : 0;
  const int family = hints != nullptr ? hints->ai_family : AF_UNSPEC;
  if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) return EAI_FAMILY;
  if ((flags & AI_CANONNAME) != 0 && node == nullptr) return EAI_BADFLAGS;

  uint32_t port = 0;
  if (service != nullptr && (!absl::SimpleAtoi(service, &port) || port > 65'535)) {
    return (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
  }
  const std::optional<uint32_t> address = FindNode(network, node, flags);
  if (!address) return EAI_NONAME;
  if (family == AF_INET6) return EAI_ADDRFAMILY;

  constexpr std::pair<int, int> kTypes[] = {
      {SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_RAW, IPPROTO_IP}};
  addrinfo* first = nullptr;
  addrinfo** tail = &first;
  for (const auto& [type, protocol] : kTypes) {
    if (hints != nullptr && hints->ai_socktype != 0 && hints->ai_socktype != type) continue;
    if (hints != nullptr && hints->ai_protocol != 0 && type != SOCK_RAW && hints->ai_protocol != protocol) continue;
    auto entry = std::make_unique<Entry>();
    entry->address = ToSockaddr({*address, static_cast<uint16_t>(port)});
    entry->info.ai_family = AF_INET;
    entry->info.ai_socktype = type;
    entry->info.ai_protocol = protocol;
    entry->info.ai_addrlen = sizeof entry->address;
    entry->info.ai_addr = reinterpret_cast<sockaddr*>(&entry->address);
    if ((flags & AI_CANONNAME) != 0 && first == nullptr) {
      entry->canonical_name = node;
      entry->info.ai_canonname = entry->canonical_name.data();
    }
    *tail = &entry.release()->info;
    tail = &(*tail)->ai_next;
  }
  if (first == nullptr) return EAI_SOCKTYPE;
  *result = first;
  return 0;
}

void FreeNames(addrinfo* result) {
  while (result != nullptr) {
    addrinfo* const next = result->ai_next;
    // `info` is an Entry's first member.
    delete reinterpret_cast<Entry*>(result);
    result = next;
  }
}

}  // namespace sim
