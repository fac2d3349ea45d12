// getaddrinfo of AF_INET6.

#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "tests/conformance/ipv6.h"

namespace conformance {
namespace {

using lab::IpAddress;

// "[fd00::1]:80" for each result, or the error.
std::string Resolve6(Self& self, const char* node, const char* service, int flags = 0, int family = AF_INET6) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int error = self->getaddrinfo(node, service, &hints, &list);
  if (error == EAI_NONAME) return "EAI_NONAME";
  if (error == EAI_ADDRFAMILY) return "EAI_ADDRFAMILY";
  self.Equal(error, 0);
  std::string text;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (!text.empty()) text += " ";
    if (entry->ai_family == AF_INET6) {
      sockaddr_in6 in6;
      self.Equal(entry->ai_addrlen, sizeof in6);
      std::memcpy(&in6, entry->ai_addr, sizeof in6);
      text += Text6(IpAddress(in6.sin6_addr), ntohs(in6.sin6_port));
    } else {
      sockaddr_in in;
      self.Equal(entry->ai_addrlen, sizeof in);
      std::memcpy(&in, entry->ai_addr, sizeof in);
      text += Text(ntohl(in.sin_addr.s_addr), ntohs(in.sin_port));
    }
  }
  self->freeaddrinfo(list);
  return text;
}

TEST_F(Ipv6Test, HostsHaveANameForIt) {
  Alone([this](Self& self) {
    const std::string six = Text6(lab::Ipv6AddressOf(client_), 80);
    const std::string four = Text(address(client_), 80);
    self.Equal(Resolve6(self, "ip6-client", "80"), six);
    self.Equal(Resolve6(self, "ip6-client", "80", 0, AF_UNSPEC), six);
    self.Equal(Resolve6(self, "ip6-localhost", "80"), "[::1]:80");
    self.Equal(Resolve6(self, "ip6-loopback", "80"), "[::1]:80");
    self.Equal(Resolve6(self, "client", "80", 0, AF_UNSPEC), four);
    self.Equal(Resolve6(self, "localhost", "80", 0, AF_UNSPEC), "127.0.0.1:80");
    self.Equal(Resolve6(self, "ip6-nobody", "80"), "EAI_NONAME");
  });
}

TEST_F(Ipv6Test, ANameOfTheOtherFamilyHasNoAddress) {
  Alone([](Self& self) {
    self.Equal(Resolve6(self, "client", "80"), "EAI_NONAME");
    self.Equal(Resolve6(self, "localhost", "80"), "EAI_NONAME");
    self.Equal(Resolve6(self, "ip6-client", "80", 0, AF_INET), "EAI_NONAME");
    self.Equal(Resolve6(self, "10.0.0.1", "80"), "EAI_ADDRFAMILY");
    self.Equal(Resolve6(self, "fd00::1", "80", 0, AF_INET), "EAI_ADDRFAMILY");
  });
}

TEST_F(Ipv6Test, Ipv4AddressesAreMappedOnDemand) {
  Alone([this](Self& self) {
    self.Equal(Resolve6(self, "client", "80", AI_V4MAPPED), Text6(address(client_), 80));
    self.Equal(Resolve6(self, "client", "80", AI_V4MAPPED | AI_ALL), Text6(address(client_), 80));
    self.Equal(Resolve6(self, "ip6-client", "80", AI_V4MAPPED), Text6(lab::Ipv6AddressOf(client_), 80));
    self.Equal(Resolve6(self, "ip6-client", "80", AI_V4MAPPED | AI_ALL), Text6(lab::Ipv6AddressOf(client_), 80));
    self.Equal(Resolve6(self, "10.0.0.1", "80", AI_V4MAPPED), "[::ffff:10.0.0.1]:80");
    self.Equal(Resolve6(self, "::ffff:10.0.0.1", "80", 0, AF_INET), "10.0.0.1:80");
  });
}

TEST_F(Ipv6Test, NumbersStandForThemselves) {
  Alone([](Self& self) {
    self.Equal(Resolve6(self, "fd00::9", "80"), "[fd00::9]:80");
    self.Equal(Resolve6(self, "fd00::9", "80", AI_NUMERICHOST, AF_UNSPEC), "[fd00::9]:80");
    self.Equal(Resolve6(self, "::1", "80", 0, AF_UNSPEC), "[::1]:80");
    self.Equal(Resolve6(self, "::ffff:10.0.0.1", "80"), "[::ffff:10.0.0.1]:80");
    self.Equal(Resolve6(self, "fd00::9::", "80"), "EAI_NONAME");
    self.Equal(Resolve6(self, "ip6-server", "80", AI_NUMERICHOST), "EAI_NONAME");
  });
}

TEST_F(Ipv6Test, WithoutANodeItIsThisHost) {
  Alone([](Self& self) {
    self.Equal(Resolve6(self, nullptr, "80"), "[::1]:80");
    self.Equal(Resolve6(self, nullptr, "80", AI_PASSIVE), "[::]:80");
    self.Equal(Resolve6(self, nullptr, "80", 0, AF_UNSPEC), "[::1]:80 127.0.0.1:80");
    self.Equal(Resolve6(self, nullptr, "80", AI_PASSIVE, AF_UNSPEC), "0.0.0.0:80 [::]:80");
  });
}

}  // namespace
}  // namespace conformance
