// What tests of AF_INET6 are written with, beside harness.h.
#pragma once

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
