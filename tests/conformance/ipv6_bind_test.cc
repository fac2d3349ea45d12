// Ports and addresses of AF_INET6 sockets, and what both families share of them.

#include <arpa/inet.h>

#include <cstring>

#include "tests/conformance/ipv6.h"

namespace conformance {
namespace {

using lab::IpAddress;

TEST_F(Ipv6Test, ADualStackListenerServesBothFamilies) {
  Start(server_, "server", [this](Self& self) {
    const int listener = Listen6(self, kAny6, kPort);
    self.Equal(self.Option(listener, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    self.Equal(Name6(self, listener), Text6(kAny6, kPort));
    const int by4 = self.Accept(listener);
    self.Equal(Name6(self, by4), Text6(address(server_), kPort));
    self.Equal(PeerName6(self, by4).find("[::ffff:" + lab::ToString(address(client_)) + "]:"), 0);
    self.Equal(self.Option(by4, SOL_SOCKET, SO_DOMAIN), AF_INET6);
    self.Send(by4, "four");
    self.Close(by4);
    sockaddr_in6 from{};
    socklen_t length = sizeof from;
    const int by6 = self.Ok(self->accept(listener, reinterpret_cast<sockaddr*>(&from), &length));
    self.Equal(length, sizeof from);
    self.Equal(Text6(IpAddress(from.sin6_addr), ntohs(from.sin6_port)), PeerName6(self, by6));
    self.Equal(Name6(self, by6), Text6(lab::Ipv6AddressOf(server_), kPort));
    self.Send(by6, "six");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.Equal(self.ReceiveAll(self.Connect(address(server_), kPort)), "four");
    self.Equal(self.ReceiveAll(Connect6(self, lab::Ipv6AddressOf(server_), kPort)), "six");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(Ipv6Test, V6OnlyKeepsIpv4Out) {
  Alone([](Self& self) {
    const int listener = Listen6(self, kAny6, kPort, /*only=*/true);
    self.Equal(self.Option(listener, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    self.Fails(self->connect(self.Socket(), At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Equal(PeerName6(self, Connect6(self, kLoopback6, kPort)), Text6(kLoopback6, kPort));
    self.Equal(self.Option(self.Accept(listener), IPPROTO_IPV6, IPV6_V6ONLY), 1);
    const int fd = Socket6(self);
    self.SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    self.Fails(self->connect(fd, At6(kMappedLoopback, kPort), At6::kLength), ENETUNREACH);
    self.Fails(Bind6(self, fd, kMappedLoopback, 7000), EINVAL);
  });
}

TEST_F(Ipv6Test, V6OnlyIsSetBeforeThePort) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Gives(Bind6(self, fd, kAny6, 0), 0);
    const int on = 1;
    self.Fails(self->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), EINVAL);
    const int other = Socket6(self);
    self.Fails(self->setsockopt(other, IPPROTO_IPV6, IPV6_V6ONLY, &on, 1), EINVAL);
    self.SetOption(other, IPPROTO_IPV6, IPV6_V6ONLY, 7);
    self.Equal(self.Option(other, IPPROTO_IPV6, IPV6_V6ONLY), 1);
  });
}

TEST_F(Ipv6Test, V6OnlyIsSetAgainOnceAConnectHasFailed) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Fails(self->connect(fd, At6(kLoopback6, kPort), At6::kLength), ECONNREFUSED);
    self.True(Port6(self, fd) != 0, "the port is still in its name");
    self.SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const int bound = Socket6(self);
    self.Gives(Bind6(self, bound, kLoopback6, 7000), 0);
    self.Fails(self->connect(bound, At6(kLoopback6, kPort), At6::kLength), ECONNREFUSED);
    const int on = 1;
    self.Fails(self->setsockopt(bound, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), EINVAL);
  });
}

TEST_F(Ipv6Test, ShortAddressesAreInvalid) {
  Alone([](Self& self) {
    Listen6(self, kLoopback6, kPort);
    const int fd = Socket6(self);
    self.Fails(self->connect(fd, At6(kLoopback6, kPort), At6::kLeast - 1), EINVAL);
    self.Fails(self->bind(fd, At6(kLoopback6, 7000), At6::kLeast - 1), EINVAL);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), EINVAL);
    self.Fails(self->bind(fd, At(kLoopback, kPort), At::kLength), EINVAL);
    self.Gives(self->bind(fd, At6(kLoopback6, 7000), At6::kLeast), 0);
    self.Gives(self->connect(fd, At6(kLoopback6, kPort), At6::kLeast), 0);
  });
}

TEST_F(Ipv6Test, TheOtherFamilysAddressesAreRefused) {
  Alone([](Self& self) {
    Listen6(self, kLoopback6, kPort);
    const int fd = self.Socket();
    self.Fails(self->connect(fd, At6(kLoopback6, kPort), At6::kLength), EAFNOSUPPORT);
    self.Fails(self->bind(fd, At6(kLoopback6, 7000), At6::kLength), EAFNOSUPPORT);
    sockaddr_storage other{};
    std::memcpy(&other, static_cast<const sockaddr*>(At(kLoopback, kPort)), At::kLength);
    const auto* address = reinterpret_cast<const sockaddr*>(&other);
    const int fd6 = Socket6(self);
    self.Fails(self->connect(fd6, address, At6::kLength), EAFNOSUPPORT);
    self.Fails(self->bind(fd6, address, At6::kLength), EAFNOSUPPORT);
  });
}

TEST_F(Ipv6Test, OnlyOnesOwnAddressesCanBeBound) {
  Alone([this](Self& self) {
    const auto fails = [&self](const IpAddress& address, int error) {
      self.Fails(Bind6(self, Socket6(self), address, 7000), error);
    };
    fails(lab::Ipv6AddressOf(client_), EADDRNOTAVAIL);
    fails(IpAddress::V6(0x20010db8, 0, 0, 1), EADDRNOTAVAIL);
    fails(address(client_), EADDRNOTAVAIL);
    fails(IpAddress::V6(0xff020000, 0, 0, 1), EINVAL);
    fails(IpAddress::V6(0xfe800000, 0, 0, 1), EINVAL);
    const int fd = Socket6(self);
    self.Gives(Bind6(self, fd, address(server_), 7000), 0);
    self.Equal(Name6(self, fd), Text6(address(server_), 7000));
    self.Fails(Bind6(self, fd, kAny6, 7001), EINVAL);
  });
}

TEST_F(Ipv6Test, WithoutABindTheNameIsAllZeros) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Equal(Name6(self, fd), "[::]:0");
    sockaddr_in6 in6;
    socklen_t length = sizeof in6;
    self.Fails(self->getpeername(fd, reinterpret_cast<sockaddr*>(&in6), &length), ENOTCONN);
    self.Gives(Bind6(self, fd, IpAddress(0), kPort), 0);
    self.Equal(Name6(self, fd), "[::ffff:0.0.0.0]:9999");
  });
}

TEST_F(Ipv6Test, AnAddressOfItsOwnIsAWishForIpv6Alone) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    self.Gives(Bind6(self, fd, kLoopback6, kPort), 0);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    self.Fails(self->connect(fd, At6(kMappedLoopback, kPort), At6::kLength), ENETUNREACH);
    for (const IpAddress& other : {kAny6, kMappedLoopback}) {
      const int dual = Socket6(self);
      self.Gives(Bind6(self, dual, other, 0), 0);
      self.Equal(self.Option(dual, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    }
  });
}

// Whether the socket is bound and whether the address is the host's: the families ask in another order.
TEST_F(Ipv6Test, OfSeveralMistakesOfBindTheFirstIsTold) {
  Alone([](Self& self) {
    constexpr IpAddress kNobodys = IpAddress::V6(0x20010db8, 0, 0, 1);
    const int bound6 = Socket6(self);
    self.Gives(Bind6(self, bound6, kAny6, kPort), 0);
    self.Fails(Bind6(self, bound6, kNobodys, 7000), EINVAL);
    const int bound = self.Socket();
    self.Gives(self->bind(bound, At(kLoopback, 7000), At::kLength), 0);
    self.Fails(self->bind(bound, At(0xc0000201, 7001), At::kLength), EADDRNOTAVAIL);
  });
}

TEST_F(Ipv6Test, ANameIsCutToTheRoomThereIs) {
  Alone([](Self& self) {
    const int fd = Listen6(self, kLoopback6, kPort);
    sockaddr_in6 in6{};
    socklen_t length = 8;
    self.Gives(self->getsockname(fd, reinterpret_cast<sockaddr*>(&in6), &length), 0);
    self.Equal(length, sizeof in6);
    self.Equal(ntohs(in6.sin6_port), kPort);
    self.Equal(in6.sin6_addr.s6_addr[15], 0);
  });
}

TEST_F(Ipv6Test, ADualStackPortIsTakenInBothFamilies) {
  Alone([](Self& self) {
    Listen6(self, kAny6, kPort);
    self.Fails(self->bind(self.Socket(), At(INADDR_ANY, kPort), At::kLength), EADDRINUSE);
    self.Fails(self->bind(self.Socket(), At(kLoopback, kPort), At::kLength), EADDRINUSE);
    self.Fails(Bind6(self, Socket6(self), kMappedLoopback, kPort), EADDRINUSE);
    self.Fails(Bind6(self, Socket6(self), kLoopback6, kPort), EADDRINUSE);
    self.Listen(7000, 5, kLoopback);
    self.Fails(Bind6(self, Socket6(self), kAny6, 7000), EADDRINUSE);
    self.Fails(Bind6(self, Socket6(self), kMappedLoopback, 7000), EADDRINUSE);
    self.Gives(Bind6(self, Socket6(self), kLoopback6, 7000), 0);
  });
}

TEST_F(Ipv6Test, V6OnlyLeavesThePortToIpv4) {
  Alone([](Self& self) {
    const int six = Listen6(self, kAny6, kPort, /*only=*/true);
    const int four = self.Listen(kPort, 5);
    const int client6 = Connect6(self, kLoopback6, kPort);
    const int client4 = self.Connect(kLoopback, kPort);
    self.Equal(PeerName6(self, self.Accept(six)), Name6(self, client6));
    self.Equal(self.PeerName(self.Accept(four)), self.Name(client4));
    self.Fails(Bind6(self, Socket6(self), kAny6, kPort), EADDRINUSE);
    self.Listen(7000, 5);
    self.Fails(Bind6(self, Socket6(self), kAny6, 7000), EADDRINUSE);
    Listen6(self, kAny6, 7000, /*only=*/true);
  });
}

TEST_F(Ipv6Test, AnAddressInUseOfOneFamilyLeavesTheOthers) {
  Alone([](Self& self) {
    Listen6(self, kLoopback6, kPort);
    const int four = self.Listen(kPort, 5);
    self.Connect(kLoopback, kPort);
    self.Accept(four);
    self.Fails(Bind6(self, Socket6(self), kLoopback6, kPort), EADDRINUSE);
    self.Fails(Bind6(self, Socket6(self), kAny6, kPort), EADDRINUSE);
  });
}

TEST_F(Ipv6Test, AListenerOnAMappedAddressServesIpv4) {
  Alone([](Self& self) {
    const int listener = Listen6(self, kMappedLoopback, kPort);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    self.Equal(PeerName6(self, server), Text6(kMappedLoopback, self.LocalPort(client)));
    self.Fails(self->connect(Socket6(self), At6(kLoopback6, kPort), At6::kLength), ECONNREFUSED);
  });
}

}  // namespace
}  // namespace conformance
