#include "sim/host/services.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string_view>

namespace sim {
namespace {

struct Service {
  std::string_view name;
  uint16_t port;
  bool tcp;
  bool udp;
};

constexpr Service kServices[] = {
    {"echo", 7, true, true},       {"discard", 9, true, true},    {"daytime", 13, true, true},
    {"chargen", 19, true, true},   {"ftp-data", 20, true, false}, {"ftp", 21, true, false},
    {"ssh", 22, true, false},      {"telnet", 23, true, false},   {"smtp", 25, true, false},
    {"time", 37, true, true},      {"domain", 53, true, true},    {"tftp", 69, false, true},
    {"finger", 79, true, false},   {"http", 80, true, false},     {"www", 80, true, false},
    {"pop3", 110, true, false},    {"ntp", 123, false, true},     {"imap2", 143, true, false},
    {"imap", 143, true, false},    {"snmp", 161, true, true},     {"irc", 194, true, true},
    {"https", 443, true, true},    {"syslog", 514, false, true},  {"imaps", 993, true, false},
    {"pop3s", 995, true, false},   {"mysql", 3306, true, false},  {"postgresql", 5432, true, false},
    {"http-alt", 8080, true, true},
};

// The types that getaddrinfo knows. A raw socket has any protocol, and no service.
struct Type {
  int type;
  int protocol;
};

constexpr Type kTypes[] = {{SOCK_STREAM, IPPROTO_TCP}, {SOCK_DGRAM, IPPROTO_UDP}, {SOCK_RAW, IPPROTO_IP}};

bool Allowed(const Type& type, const ServiceQuestion& asked) {
  if (asked.type != 0 && asked.type != type.type) return false;
  return asked.protocol == 0 || type.type == SOCK_RAW || asked.protocol == type.protocol;
}

std::optional<uint16_t> FindPort(std::string_view name, int protocol) {
  for (const Service& service : kServices) {
    if (service.name != name) continue;
    if (protocol == IPPROTO_TCP ? service.tcp : service.udp) return service.port;
  }
  return std::nullopt;
}

// As glibc reads numbers: any that strtoul takes, cut to sixteen bits.
std::optional<uint16_t> Number(const char* service) {
  char* end;
  const unsigned long number = std::strtoul(service, &end, 10);
  if (*end != '\0' || static_cast<int>(number) == -1) return std::nullopt;
  return static_cast<uint16_t>(number);
}

}  // namespace

int ResolveService(const char* service, const ServiceQuestion& asked, std::vector<ServiceEntry>& entries) {
  const bool named = service != nullptr && *service != '\0' && std::string_view(service) != "*";
  const std::optional<uint16_t> number = named ? Number(service) : std::optional<uint16_t>(0);
  if (!number && asked.numeric) return EAI_NONAME;

  const bool one_type = asked.type != 0 || asked.protocol != 0;
  bool any_type = false;
  for (const Type& type : kTypes) {
    if (!Allowed(type, asked)) continue;
    any_type = true;
    if (type.type == SOCK_RAW && named && (one_type || !number)) continue;
    const std::optional<uint16_t> port = number ? number : FindPort(service, type.protocol);
    if (port) entries.push_back({type.type, type.type == SOCK_RAW ? asked.protocol : type.protocol, *port});
    if (one_type) break;
  }
  if (!any_type) return asked.type != 0 ? EAI_SOCKTYPE : EAI_SERVICE;
  return entries.empty() ? EAI_SERVICE : 0;
}

}  // namespace sim
