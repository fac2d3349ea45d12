// AF_INET6: addresses, dual-stack listeners, mapped addresses, and the ports that both families share.

#include <arpa/inet.h>

#include <cstring>
#include <string>

#include "tests/conformance/ipv6.h"

namespace conformance {
namespace {

using lab::Endpoint;
using lab::IpAddress;

// "[::ffff:10.0.0.1]:80": what an AF_INET6 socket calls it.
std::string Text6(const IpAddress& address, uint16_t port) {
  const in6_addr in6 = address.ToIn6();
  char text[INET6_ADDRSTRLEN];
  return std::string("[") + inet_ntop(AF_INET6, &in6, text, sizeof text) + "]:" + std::to_string(port);
}

int Socket6(Self& self, int flags = 0) { return self.Ok(self->socket(AF_INET6, SOCK_STREAM | flags, 0)); }

int Listen6(Self& self, const IpAddress& address, uint16_t port, bool only = false) {
  const int fd = Socket6(self);
  if (only) self.SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  self.Gives(Bind6(self, fd, address, port), 0);
  self.Gives(self->listen(fd, 5), 0);
  return fd;
}

int Connect6(Self& self, const IpAddress& address, uint16_t port) {
  const int fd = Socket6(self);
  self.Gives(self->connect(fd, At6(address, port), At6::kLength), 0);
  return fd;
}

std::string NameBy(Self& self, int fd, int (lab::Sockets::*call)(int, sockaddr*, socklen_t*)) {
  sockaddr_in6 in6{};
  socklen_t length = sizeof in6;
  self.Gives((self.operator->()->*call)(fd, reinterpret_cast<sockaddr*>(&in6), &length), 0);
  self.Equal(length, sizeof in6);
  self.Equal(in6.sin6_family, AF_INET6);
  self.Equal(in6.sin6_scope_id, 0);
  self.Equal(in6.sin6_flowinfo, 0);
  return Text6(IpAddress(in6.sin6_addr), ntohs(in6.sin6_port));
}

std::string Name6(Self& self, int fd) { return NameBy(self, fd, &lab::Sockets::getsockname); }
std::string PeerName6(Self& self, int fd) { return NameBy(self, fd, &lab::Sockets::getpeername); }

uint16_t Port6(Self& self, int fd) {
  const std::string name = Name6(self, fd);
  return static_cast<uint16_t>(std::stoi(name.substr(name.rfind(':') + 1)));
}

TEST_F(Ipv6Test, HostsTalkOverIt) {
  const ProcessId server = Start(server_, "server", [this](Self& self) {
    const int fd = self.Accept(Listen6(self, lab::Ipv6AddressOf(server_), kPort));
    self.Equal(Name6(self, fd), Text6(lab::Ipv6AddressOf(server_), kPort));
    self.Report("peer", PeerName6(self, fd));
    self.Equal(self.ReceiveAll(fd), Numbered(300'000));
    self.Send(fd, "thanks");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    const int fd = Connect6(self, lab::Ipv6AddressOf(server_), kPort);
    self.Equal(PeerName6(self, fd), Text6(lab::Ipv6AddressOf(server_), kPort));
    self.Report("own", Name6(self, fd));
    self.Send(fd, Numbered(300'000));
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.Equal(self.ReceiveAll(fd), "thanks");
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(outcome(client).Report("own"), outcome(server).Report("peer"));
  EXPECT_EQ(outcome(client).Report("own").find("[" + lab::ToString(lab::Ipv6AddressOf(client_)) + "]:"), 0u);
  int packets = 0;
  for (const lab::Event& event : world().trace().events()) {
    const auto* packet = std::get_if<lab::PacketEvent>(&event);
    if (packet == nullptr) continue;
    ++packets;
    EXPECT_FALSE(packet->packet.source.address.is_ipv4()) << lab::ToString(packet->packet.source);
    EXPECT_TRUE(packet->arrived);
  }
  EXPECT_GT(packets, 5);
}

TEST_F(Ipv6Test, LoopbackIsOnesOwn) {
  Alone([](Self& self) {
    const int listener = Listen6(self, kLoopback6, kPort);
    const int client = Connect6(self, kLoopback6, kPort);
    const int server = self.Accept(listener);
    self.Equal(PeerName6(self, server), Name6(self, client));
    self.Equal(Name6(self, client), Text6(kLoopback6, Port6(self, client)));
    self.Send(client, "x");
    self.Equal(self.Receive(server, 1), "x");
  });
}

TEST_F(Ipv6Test, ConnectingToAnyMeansLoopback) {
  Alone([](Self& self) {
    const int listener = Listen6(self, kAny6, kPort);
    self.Equal(PeerName6(self, Connect6(self, kAny6, kPort)), Text6(kLoopback6, kPort));
    self.Close(self.Accept(listener));
    self.Equal(PeerName6(self, Connect6(self, IpAddress(0), kPort)), Text6(kMappedLoopback, kPort));
  });
}

TEST_F(Ipv6Test, NobodyListeningRefuses) {
  Start(client_, "client", [this](Self& self) {
    self.Fails(self->connect(Socket6(self), At6(lab::Ipv6AddressOf(server_), kPort), At6::kLength), ECONNREFUSED);
    self.Fails(self->connect(Socket6(self), At6(address(server_), kPort), At6::kLength), ECONNREFUSED);
    self.Fails(self->connect(Socket6(self), At6(kLoopback6, kPort), At6::kLength), ECONNREFUSED);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(Ipv6Test, AddressesWithoutAWayAreUnreachable) {
  Alone([](Self& self) {
    const auto fails = [&self](const IpAddress& to, int error, uint32_t scope = 0) {
      self.Fails(self->connect(Socket6(self), At6(to, kPort, scope), At6::kLength), error);
    };
    fails(IpAddress::V6(0x20010db8, 0, 0, 1), ENETUNREACH);
    fails(IpAddress::V6(0xfd000000, 1, 0, 1), ENETUNREACH);
    fails(IpAddress::V6(0xff020000, 0, 0, 1), ENETUNREACH);
    fails(IpAddress::V6(0xfe800000, 0, 0, 1), EINVAL);
    fails(0xc0a80001, ENETUNREACH);
  });
}

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

TEST_F(Ipv6Test, AMappedAddressIsConnectedOverIpv4) {
  Start(server_, "server", [this](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Equal(self.PeerName(fd).find(lab::ToString(address(client_)) + ":"), 0);
    self.Send(fd, "welcome");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = Connect6(self, address(server_), kPort);
    self.Equal(PeerName6(self, fd), Text6(address(server_), kPort));
    self.Equal(Name6(self, fd), Text6(address(client_), Port6(self, fd)));
    self.Equal(self.ReceiveAll(fd), "welcome");
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

TEST_F(Ipv6Test, FromAMappedAddressThereIsNoWayToIpv6) {
  Alone([](Self& self) {
    Listen6(self, kAny6, kPort);
    const int fd = Socket6(self);
    self.Gives(Bind6(self, fd, kMappedLoopback, 0), 0);
    self.Fails(self->connect(fd, At6(kLoopback6, kPort), At6::kLength), EAFNOSUPPORT);
    // All zeros are the loopback of the family that it is bound in.
    self.Gives(self->connect(fd, At6(kAny6, kPort), At6::kLength), 0);
    self.Equal(PeerName6(self, fd), Text6(kMappedLoopback, kPort));
  });
}

// A program that tries a name's addresses with one socket waits in vain for the IPv6 ones behind an IPv4 one.
TEST_F(Ipv6Test, OnceConnectedOverIpv4ASocketReachesNobodyOverIpv6) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Fails(self->connect(fd, At6(kMappedLoopback, 7000), At6::kLength), ECONNREFUSED);
    Listen6(self, kAny6, kPort);
    const timeval soon{0, 50'000};
    self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), 0);
    self.Fails(self->connect(fd, At6(kLoopback6, kPort), At6::kLength), EINPROGRESS);
    self.Equal(Name6(self, fd), Text6(kLoopback6, Port6(self, fd)));
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    self.Gives(self->connect(fd, &none, sizeof none), 0);
    self.Gives(self->connect(fd, At6(kMappedLoopback, kPort), At6::kLength), 0);
    self.Gives(self->connect(fd, &none, sizeof none), 0);
    // An attempt over IPv4 that fails at once mends it.
    self.Fails(self->connect(fd, At6(IpAddress(0xc0000201), kPort), At6::kLength), ENETUNREACH);
    self.Gives(self->connect(fd, At6(kLoopback6, kPort), At6::kLength), 0);
  });
}

TEST_F(Ipv6Test, OptionsOfIpv6BelongToItsSockets) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    int value = 1;
    socklen_t length = sizeof value;
    self.Fails(self->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof value), ENOPROTOOPT);
    self.Fails(self->getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length), EOPNOTSUPP);
    self.Fails(self->getsockopt(Socket6(self), IPPROTO_UDP, 1, &value, &length), ENOPROTOOPT);
    self.Equal(self.Option(Socket6(self), SOL_SOCKET, SO_DOMAIN), AF_INET6);
    self.Equal(self.Option(Socket6(self), SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
  });
}

TEST_F(Ipv6Test, HopsHaveALimit) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64);
    self.SetOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
    for (const int wrong : {-2, 256}) {
      self.Fails(self->setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &wrong, sizeof wrong), EINVAL);
    }
    self.SetOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 64);
    self.SetOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 0);
  });
}

TEST_F(Ipv6Test, PacketsCarryTheSocketsHops) {
  Start(server_, "server", [this](Self& self) {
    const int listener = Socket6(self);
    self.SetOption(listener, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7);
    self.Gives(Bind6(self, listener, lab::Ipv6AddressOf(server_), kPort), 0);
    self.Gives(self->listen(listener, 1), 0);
    const int fd = self.Accept(listener);
    self.SetOption(fd, IPPROTO_IP, IP_TTL, 5);
    self.Equal(self.ReceiveAll(fd), "a");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = Connect6(self, lab::Ipv6AddressOf(server_), kPort);
    self.Send(fd, "a");
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(Finish());
  for (const lab::Event& event : world().trace().events()) {
    const auto* sent = std::get_if<lab::PacketEvent>(&event);
    if (sent == nullptr) continue;
    EXPECT_EQ(sent->packet.hops, sent->packet.source.address == lab::Ipv6AddressOf(server_) ? 7 : 64);
  }
}

TEST_F(Ipv6Test, PacketInformationIsASwitch) {
  Alone([](Self& self) {
    const int fd = Socket6(self);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 0);
    self.SetOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 5);
    self.Equal(self.Option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
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

TEST_F(Ipv6Test, DisconnectedSocketsCanTurnToTheOtherFamily) {
  Alone([](Self& self) {
    Listen6(self, kAny6, kPort);
    const int fd = Connect6(self, kLoopback6, kPort);
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    self.Gives(self->connect(fd, &none, sizeof none), 0);
    self.Gives(self->connect(fd, At6(kMappedLoopback, kPort), At6::kLength), 0);
    self.Equal(PeerName6(self, fd), Text6(kMappedLoopback, kPort));
  });
}

TEST_F(Ipv6Test, LostPacketsAreSentAgain) {
  world().AddRule({.name = "the first SYN",
                   .matches = [](const Packet& packet) { return packet.tcp.syn && !packet.tcp.ack_flag; },
                   .count = 1});
  world().AddRule({.name = "the first bytes", .matches = [](const Packet& packet) { return packet.payload.size() > 0; },
                   .count = 1});
  Start(server_, "server", [](Self& self) {
    self.Equal(self.ReceiveAll(self.Accept(Listen6(self, kAny6, kPort))), "hello");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const Time begin = self.now();
    const int fd = Connect6(self, lab::Ipv6AddressOf(server_), kPort);
    self.Between(self.now() - begin, 1s, 2s);
    self.Send(fd, "hello");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(Ipv6Test, SegmentsFitTheLinksMtu) {
  constexpr uint32_t kMtu = 1400;
  world().SetLink(server_, client_, {.mtu = kMtu});
  Start(server_, "server", [](Self& self) {
    self.Equal(self.ReceiveAll(self.Accept(Listen6(self, kAny6, kPort))), Numbered(20'000));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.Send(Connect6(self, lab::Ipv6AddressOf(server_), kPort), Numbered(20'000));
  });
  ASSERT_TRUE(Finish());
  size_t largest = 0;
  for (const lab::Event& event : world().trace().events()) {
    const auto* packet = std::get_if<lab::PacketEvent>(&event);
    if (packet != nullptr) largest = std::max(largest, packet->packet.wire_size());
  }
  EXPECT_EQ(largest, kMtu);
}

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
