#include "sim/host/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/host/addresses.h"
#include "sim/host/services.h"

namespace sim {
namespace {

struct Question {
  int family = AF_UNSPEC;
  int flags = 0;
  int type = 0;
  int protocol = 0;

  bool Has(int flag) const { return (flags & flag) != 0; }
};

// An entry of the list, with its address and name in the same block.
struct Entry {
  addrinfo info{};
  sockaddr_storage address{};
  std::string canonical_name;
};

std::optional<lab::IpAddress> ReadNumber(const char* node) {
  in_addr in;
  if (inet_aton(node, &in) != 0) return ntohl(in.s_addr);
  in6_addr in6;
  if (inet_pton(AF_INET6, node, &in6) == 1) return lab::IpAddress(in6);
  return std::nullopt;
}

std::optional<lab::IpAddress> FindName(const Network& network, std::string_view node) {
  if (node == "localhost") return Network::kLoopback;
  if (node == "ip6-localhost" || node == "ip6-loopback") return lab::kIpv6Loopback;
  return network.Resolve(node);
}

bool LooksLikeIpv6(const char* node) { return std::string_view(node).find(':') != std::string_view::npos; }

// The addresses of the node in the families that are asked for. 0, or an EAI_ error.
int FindNode(const Network& network, const char* node, const Question& question, std::vector<lab::IpAddress>& found) {
  if (node == nullptr) {
    const bool passive = question.Has(AI_PASSIVE);
    // In libc's order: ::1 comes before 127.0.0.1, but 0.0.0.0 before ::.
    if (question.family != AF_INET) found.push_back(passive ? lab::kIpv6Any : lab::kIpv6Loopback);
    if (question.family != AF_INET6) found.push_back(passive ? lab::IpAddress() : Network::kLoopback);
    if (passive) std::reverse(found.begin(), found.end());
    return 0;
  }
  std::optional<lab::IpAddress> address = ReadNumber(node);
  const bool number = address.has_value();
  if (!number && (question.Has(AI_NUMERICHOST) || LooksLikeIpv6(node))) return EAI_NONAME;
  if (!number) address = FindName(network, node);
  if (!address) return EAI_NONAME;
  const bool mapped_number = number && LooksLikeIpv6(node);
  const bool ipv4 = address->is_ipv4() && !(mapped_number && question.family != AF_INET);
  const bool fits = question.family == AF_UNSPEC || (question.family == AF_INET) == ipv4;
  if (!fits && !(ipv4 && question.Has(AI_V4MAPPED))) return number ? EAI_ADDRFAMILY : EAI_NONAME;
  found.push_back(*address);
  return 0;
}

// The family in which the answer gives the address.
int FamilyOf(const lab::IpAddress& address, const char* node, const Question& question) {
  if (question.family != AF_UNSPEC) return question.family;
  return address.is_ipv4() && (node == nullptr || !LooksLikeIpv6(node)) ? AF_INET : AF_INET6;
}

}  // namespace

int ResolveNames(const Network& network, const char* node, const char* service, const addrinfo* hints,
                 addrinfo** result) {
  const auto given = [](const char* name) { return name != nullptr && std::string_view(name) != "*"; };
  if (!given(node)) node = nullptr;
  if (node == nullptr && !given(service)) return EAI_NONAME;
  Question question;
  if (hints != nullptr) question = {hints->ai_family, hints->ai_flags, hints->ai_socktype, hints->ai_protocol};
  constexpr int kFlags = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG |
                         AI_NUMERICSERV | AI_IDN | AI_CANONIDN;
  if ((question.flags & ~kFlags) != 0 || (question.Has(AI_CANONNAME) && node == nullptr)) return EAI_BADFLAGS;
  const int family = question.family;
  if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) return EAI_FAMILY;

  std::vector<ServiceEntry> services;
  const ServiceQuestion asked{question.type, question.protocol, question.Has(AI_NUMERICSERV)};
  if (const int error = ResolveService(service, asked, services)) return error;
  std::vector<lab::IpAddress> addresses;
  if (const int error = FindNode(network, node, question, addresses)) return error;

  addrinfo* first = nullptr;
  addrinfo** tail = &first;
  for (const lab::IpAddress& address : addresses) {
    for (const auto& [type, protocol, port] : services) {
      auto entry = std::make_unique<Entry>();
      entry->info.ai_family = FamilyOf(address, node, question);
      entry->info.ai_socktype = type;
      entry->info.ai_protocol = protocol;
      entry->info.ai_addr = reinterpret_cast<sockaddr*>(&entry->address);
      entry->info.ai_addrlen = sizeof entry->address;
      StoreAddress(entry->info.ai_family, {address, port}, entry->info.ai_addr,
                   &entry->info.ai_addrlen);
      if (question.Has(AI_CANONNAME) && first == nullptr) {
        entry->canonical_name = node;
        entry->info.ai_canonname = entry->canonical_name.data();
      }
      *tail = &entry.release()->info;
      tail = &(*tail)->ai_next;
    }
  }
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
