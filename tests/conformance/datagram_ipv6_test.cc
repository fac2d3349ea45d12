// Datagrams of AF_INET6: over ::1 and between hosts, and to and from IPv4.

#include <arpa/inet.h>

#include <string>

#include "tests/conformance/ipv6.h"

namespace conformance {
namespace {

using lab::IpAddress;

constexpr uint16_t kNobody = 9998;

using DatagramIpv6Test = Ipv6Test;

int Datagram6(Self& self) { return self.Ok(self->socket(AF_INET6, SOCK_DGRAM, 0)); }

int Connect6(Self& self, int fd, const IpAddress& address, uint16_t port) {
  return self->connect(fd, At6(address, port), At6::kLength);
}

ssize_t SendTo6(Self& self, int fd, const std::string& bytes, const IpAddress& address, uint16_t port) {
  return self->sendto(fd, bytes.data(), bytes.size(), 0, At6(address, port), At6::kLength);
}

// Receives one datagram, which is this; gives its sender's address.
IpAddress Expect6(Self& self, int fd, const std::string& expected) {
  std::string bytes(expected.size() + 1, '\0');
  sockaddr_in6 from{};
  socklen_t length = sizeof from;
  const ssize_t received =
      self->recvfrom(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  bytes.resize(static_cast<size_t>(self.Ok(received)));
  self.Equal(bytes, expected);
  self.Equal(length, sizeof from);
  self.Equal(from.sin6_family, AF_INET6);
  return IpAddress(from.sin6_addr);
}

TEST_F(DatagramIpv6Test, ADatagramGoesOverTheLoopback) {
  Alone([](Self& self) {
    const int server = Datagram6(self);
    self.Gives(Bind6(self, server, kLoopback6, kPort), 0);
    const int client = Datagram6(self);
    self.Gives(SendTo6(self, client, "hello", kLoopback6, kPort), 5);
    self.True(Expect6(self, server, "hello") == kLoopback6, "it comes from ::1");
    // :: is the host itself, too.
    self.Gives(SendTo6(self, client, "again", kAny6, kPort), 5);
    self.True(Expect6(self, server, "again") == kLoopback6, "it comes from ::1");
  });
}

TEST_F(DatagramIpv6Test, HostsReachEachOther) {
  Start(server_, "server", [this](Self& self) {
    const int fd = Datagram6(self);
    self.Gives(Bind6(self, fd, kAny6, kPort), 0);
    self.True(Expect6(self, fd, "hello") == lab::Ipv6AddressOf(client_), "it comes from the client");
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = Datagram6(self);
    self.Gives(Connect6(self, fd, lab::Ipv6AddressOf(server_), kPort), 0);
    self.Gives(self->send(fd, "hello", 5, 0), 5);
    const int nobody = Datagram6(self);
    self.Gives(Connect6(self, nobody, lab::Ipv6AddressOf(server_), kNobody), 0);
    self.Gives(self->send(nobody, "x", 1, 0), 1);
    self.Equal(self.Poll(nobody, POLLIN, -1), POLLERR);
    self.Equal(self.TakeError(nobody), ECONNREFUSED);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramIpv6Test, ALargeOneArrivesWholeOverASmallLink) {
  LinkOptions small;
  small.mtu = 1500;
  world().SetLink(server_, client_, small);
  Start(server_, "server", [this](Self& self) {
    const int fd = Datagram6(self);
    self.Gives(Bind6(self, fd, kAny6, kPort), 0);
    self.True(Expect6(self, fd, Numbered(20'000)) == lab::Ipv6AddressOf(client_), "it comes from the client");
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.Gives(SendTo6(self, Datagram6(self), Numbered(20'000), lab::Ipv6AddressOf(server_), kPort), 20'000);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramIpv6Test, SomeSizeIsTooLarge) {
  Alone([](Self& self) {
    constexpr size_t kFits = 65'487;
    const int server = Datagram6(self);
    self.Gives(Bind6(self, server, kLoopback6, kPort), 0);
    const int client = Datagram6(self);
    self.Gives(SendTo6(self, client, Numbered(kFits), kLoopback6, kPort), kFits);
    Expect6(self, server, Numbered(kFits));
    self.Fails(SendTo6(self, client, Numbered(65'528), kLoopback6, kPort), EMSGSIZE);
  });
}

TEST_F(DatagramIpv6Test, NobodyAtThePortIsTold) {
  Alone([](Self& self) {
    const int fd = Datagram6(self);
    self.Gives(Connect6(self, fd, kLoopback6, kNobody), 0);
    self.Gives(self->send(fd, "x", 1, 0), 1);
    self.Fails(self->send(fd, "x", 1, 0), ECONNREFUSED);
  });
}

TEST_F(DatagramIpv6Test, ASocketOfBothFamiliesHearsAndReachesIpv4) {
  Alone([](Self& self) {
    const int both = Datagram6(self);
    self.Gives(Bind6(self, both, kAny6, kPort), 0);
    self.SendTo(self.Datagram(), "hello", kLoopback, kPort);
    self.True(Expect6(self, both, "hello") == kMappedLoopback, "it comes from ::ffff:127.0.0.1");
    const int ipv4 = self.Bind(kPort + 1);
    self.Gives(SendTo6(self, both, "answer", kMappedLoopback, kPort + 1), 6);
    self.Equal(self.ReceiveFrom(ipv4).address, Text(kLoopback, kPort));
    self.Fails(self->bind(self.Datagram(), At(INADDR_ANY, kPort), At::kLength), EADDRINUSE);
  });
}

TEST_F(DatagramIpv6Test, ASocketOfIpv6AloneSharesThePortWithOneOfIpv4) {
  Alone([](Self& self) {
    const int only = Datagram6(self);
    self.SetOption(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    self.Gives(Bind6(self, only, kAny6, kPort), 0);
    const int ipv4 = self.Bind(kPort);
    self.SendTo(self.Datagram(), "four", kLoopback, kPort);
    self.Gives(SendTo6(self, Datagram6(self), "six", kLoopback6, kPort), 3);
    self.ExpectDatagram(ipv4, "four");
    Expect6(self, only, "six");
    self.Fails(SendTo6(self, only, "x", kMappedLoopback, kPort), ENETUNREACH);
  });
}

// Not only as addresses that map them.
TEST_F(DatagramIpv6Test, Ipv4AddressesAreTakenAsTheyAre) {
  Alone([](Self& self) {
    const int server = Datagram6(self);
    self.Gives(Bind6(self, server, kAny6, kPort), 0);
    const int client = Datagram6(self);
    self.Gives(self->sendto(client, "a", 1, 0, At(kLoopback, kPort), At::kLength), 1);
    Expect6(self, server, "a");
    self.Gives(self->connect(client, At(kLoopback, kPort), At::kLength), 0);
    self.Gives(self->send(client, "b", 1, 0), 1);
    Expect6(self, server, "b");
    const int only = Datagram6(self);
    self.SetOption(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    self.Fails(self->sendto(only, "c", 1, 0, At(kLoopback, kPort), At::kLength), ENETUNREACH);
    self.Fails(self->connect(only, At(kLoopback, kPort), At::kLength), EAFNOSUPPORT);
  });
}

TEST_F(DatagramIpv6Test, AnAddressOfItsOwnIsAWishForIpv6Alone) {
  Alone([](Self& self) {
    const int fd = Datagram6(self);
    self.Gives(Bind6(self, fd, kLoopback6, kPort), 0);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    const int off = 0;
    self.Fails(self->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), EINVAL);
    const int mapped = Datagram6(self);
    self.Gives(Bind6(self, mapped, kMappedLoopback, 7000), 0);
    self.Fails(Connect6(self, mapped, kLoopback6, kPort), EAFNOSUPPORT);
  });
}

TEST_F(DatagramIpv6Test, PortZeroIsNoDestinationOverIpv4) {
  Alone([](Self& self) {
    for (const IpAddress& address : {kLoopback6, IpAddress(kLoopback)}) {
      const int fd = Datagram6(self);
      if (address.is_ipv4()) {
        self.Gives(self->connect(fd, At(kLoopback, 0), At::kLength), 0);
        self.Fails(self->send(fd, "x", 1, 0), EINVAL);
        self.Fails(self->write(fd, "x", 1), EINVAL);
        self.Fails(self->send(fd, "x", 1, MSG_OOB), EOPNOTSUPP);
      } else {
        self.Gives(Connect6(self, fd, address, 0), 0);
        self.Gives(self->send(fd, "x", 1, 0), 1);
      }
    }
  });
}

TEST_F(DatagramIpv6Test, TheDestinationIsAskedForBeforeTheLength) {
  Alone([](Self& self) {
    const std::string large(100'000, 'x');
    self.Fails(self->send(Datagram6(self), large.data(), large.size(), 0), EDESTADDRREQ);
    self.Fails(self->send(self.Datagram(), large.data(), large.size(), 0), EMSGSIZE);
    const int only = Datagram6(self);
    self.SetOption(only, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    self.Fails(SendTo6(self, only, large, kMappedLoopback, kPort), ENETUNREACH);
    const int turns = Datagram6(self);
    self.Gives(Connect6(self, turns, kLoopback6, kPort), 0);
    self.Gives(Connect6(self, turns, kMappedLoopback, kPort), 0);
  });
}

}  // namespace
}  // namespace conformance
