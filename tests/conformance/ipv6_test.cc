// Streams of AF_INET6: who reaches whom, mapped addresses, packets.

#include <algorithm>
#include <variant>

#include "tests/conformance/ipv6.h"

namespace conformance {
namespace {

using lab::IpAddress;

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

}  // namespace
}  // namespace conformance
