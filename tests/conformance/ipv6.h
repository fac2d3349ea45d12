// What tests of AF_INET6 are written with, beside harness.h.
#pragma once

#include <arpa/inet.h>

#include <fstream>
#include <string>

#include "tests/conformance/harness.h"

namespace conformance {

constexpr lab::IpAddress kAny6 = lab::IpAddress::V6(0, 0, 0, 0);
constexpr lab::IpAddress kLoopback6 = lab::IpAddress::V6(0, 0, 0, 1);
constexpr lab::IpAddress kMappedLoopback = INADDR_LOOPBACK;

// An address as AF_INET6's calls take it, alive for the expression it stands in: IPv4 as the address that maps it.
class At6 {
 public:
  At6(const lab::IpAddress& address, uint16_t port, uint32_t scope = 0) {
    in6_.sin6_family = AF_INET6;
    in6_.sin6_addr = address.ToIn6();
    in6_.sin6_port = htons(port);
    in6_.sin6_scope_id = scope;
  }
  operator const sockaddr*() const { return reinterpret_cast<const sockaddr*>(&in6_); }

  static constexpr socklen_t kLength = sizeof(sockaddr_in6);
  // RFC 2133's, before there were scopes: the least that is taken.
  static constexpr socklen_t kLeast = 24;

 private:
  sockaddr_in6 in6_{};
};

inline int Bind6(Self& self, int fd, const lab::IpAddress& address, uint16_t port) {
  return self->bind(fd, At6(address, port), At6::kLength);
}

// "[::ffff:10.0.0.1]:80": what an AF_INET6 socket calls it.
inline std::string Text6(const lab::IpAddress& address, uint16_t port) {
  const in6_addr in6 = address.ToIn6();
  char text[INET6_ADDRSTRLEN];
  return std::string("[") + inet_ntop(AF_INET6, &in6, text, sizeof text) + "]:" + std::to_string(port);
}

inline int Socket6(Self& self, int flags = 0) { return self.Ok(self->socket(AF_INET6, SOCK_STREAM | flags, 0)); }

inline int Listen6(Self& self, const lab::IpAddress& address, uint16_t port, bool only = false) {
  const int fd = Socket6(self);
  if (only) self.SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  self.Gives(Bind6(self, fd, address, port), 0);
  self.Gives(self->listen(fd, 5), 0);
  return fd;
}

inline int Connect6(Self& self, const lab::IpAddress& address, uint16_t port) {
  const int fd = Socket6(self);
  self.Gives(self->connect(fd, At6(address, port), At6::kLength), 0);
  return fd;
}

inline std::string NameBy(Self& self, int fd, int (lab::Sockets::*call)(int, sockaddr*, socklen_t*)) {
  sockaddr_in6 in6{};
  socklen_t length = sizeof in6;
  self.Gives((self.operator->()->*call)(fd, reinterpret_cast<sockaddr*>(&in6), &length), 0);
  self.Equal(length, sizeof in6);
  self.Equal(in6.sin6_family, AF_INET6);
  self.Equal(in6.sin6_scope_id, 0);
  self.Equal(in6.sin6_flowinfo, 0);
  return Text6(lab::IpAddress(in6.sin6_addr), ntohs(in6.sin6_port));
}

inline std::string Name6(Self& self, int fd) { return NameBy(self, fd, &lab::Sockets::getsockname); }
inline std::string PeerName6(Self& self, int fd) { return NameBy(self, fd, &lab::Sockets::getpeername); }

inline uint16_t Port6(Self& self, int fd) {
  const std::string name = Name6(self, fd);
  return static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
}

// Skips in the real world of a kernel without IPv6.
class Ipv6Test : public ConformanceTest {
 protected:
  void SetUp() override {
    ConformanceTest::SetUp();
    if (IsSkipped()) return;
    if (world().kind() == lab::WorldKind::kReal && !std::ifstream("/proc/net/if_inet6").good()) {
      GTEST_SKIP() << "this machine's kernel has no IPv6";
    }
  }
};

}  // namespace conformance
