// What options do to a connection.

#include <fcntl.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <variant>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class OptionEffectTest : public ConformanceTest {
 protected:
  std::vector<size_t> TextLengths() {
    std::vector<size_t> lengths;
    for (const lab::Event& event : world().trace().events()) {
      const auto* sent = std::get_if<lab::PacketEvent>(&event);
      if (sent != nullptr && !sent->packet.payload.empty()) lengths.push_back(sent->packet.payload.size());
    }
    return lengths;
  }

  // What the packets of a host have as IP_TTL and IP_TOS, in order, where that is something else than before.
  std::string HopsAndTypes(HostId host) {
    std::string all;
    std::string latest;
    for (const lab::Event& event : world().trace().events()) {
      const auto* sent = std::get_if<lab::PacketEvent>(&event);
      if (sent == nullptr || sent->packet.source.address != world().address(host)) continue;
      const Packet& packet = sent->packet;
      const std::string now = std::to_string(packet.hops) + "/" + std::to_string(packet.type_of_service) + " ";
      if (now != latest) all += now;
      latest = now;
    }
    return all;
  }

  // A client whose server has vanished from its sight at the moment when `body` begins.
  void WithoutTheServer(std::function<void(Self&, int)> body) {
    Start(server_, "server", [](Self& self) {
      const int fd = self.Accept(self.Listen(kPort, 1));
      self.Send(fd, "x");
      self.PassGate(1);
      self.SetLinger(fd, 0);
    });
    ASSERT_TRUE(WaitUntilListening(server_, kPort));
    Start(client_, "client", [this, body = std::move(body)](Self& self) {
      const int fd = self.Connect(address(server_), kPort);
      self.Receive(fd, 1);
      self.PassGate(1);
      body(self, fd);
    });
    ASSERT_TRUE(WaitForGate(client_, 1));
    LinkOptions down;
    down.up = false;
    world().SetLink(server_, client_, down);
    ASSERT_TRUE(Open(client_, 1));
    ASSERT_TRUE(WaitForExit(1));
    ASSERT_TRUE(Open(server_, 1));
    ASSERT_TRUE(Finish());
  }
};

TEST_F(OptionEffectTest, KeepaliveFindsThatThePeerIsGone) {
  WithoutTheServer([](Self& self, int fd) {
    self.SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1);
    self.SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
    self.SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
    self.SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    const Time before = self.now();
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ETIMEDOUT);
    self.Between(self.now() - before, 2900ms, 3500ms);
  });
}

TEST_F(OptionEffectTest, AUserTimeoutEndsWaitingForAnAcknowledgement) {
  WithoutTheServer([](Self& self, int fd) {
    self.SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 700);
    const Time before = self.now();
    self.Send(fd, "lost");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ETIMEDOUT);
    // Counted from the first time that it is sent again.
    self.Between(self.now() - before, 690ms, 1300ms);
  });
}

TEST_F(OptionEffectTest, TheNumberOfSynsBoundsAnAttemptToConnect) {
  const HostId host = AddHost("other", {.tcp_syn_linear_timeouts = 0});
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, host, down);
  Start(host, "client", [this](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_TCP, TCP_SYNCNT, 1);
    const Time before = self.now();
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), ETIMEDOUT);
    self.Between(self.now() - before, 2900ms, 3500ms);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(OptionEffectTest, TheLargestSegmentBoundsBothDirections) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.Send(fd, Numbered(5000));
    self.Equal(self.ReceiveAll(fd), Numbered(5000));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_TCP, TCP_MAXSEG, 500);
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Send(fd, Numbered(5000));
    self.Equal(self.Receive(fd, 5000), Numbered(5000));
    // Twelve bytes of each are the timestamp's.
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_MAXSEG), 488);
  });
  ASSERT_TRUE(Finish());
  const std::vector<size_t> lengths = TextLengths();
  EXPECT_EQ(*std::ranges::max_element(lengths), 488u);
}

TEST_F(OptionEffectTest, ACorkHoldsBackWhatIsLessThanASegment) {
  Start(server_, "server", [](Self& self) {
    self.Equal(self.ReceiveAll(self.Accept(self.Listen(kPort, 1))), "headbody");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.SetOption(fd, IPPROTO_TCP, TCP_CORK, 1);
    self.Send(fd, "head");
    self.Send(fd, "body");
    self.SetOption(fd, IPPROTO_TCP, TCP_CORK, 0);
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(TextLengths(), std::vector<size_t>{8});
}

TEST_F(OptionEffectTest, ADeferredAcceptWaitsForTheClientsFirstBytes) {
  Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.SetOption(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5);
    self.PassGate(1);
    self.process().sleep(50ms);
    self.Equal(self.Poll(listener, POLLIN, 0), 0);
    self.PassGate(2);
    self.Equal(self.Receive(self.Accept(listener), 5), "hello");
  });
  ASSERT_TRUE(WaitForGate(server_, 1));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Report("connected");
    self.PassGate(3);
    self.Send(fd, "hello");
  });
  ASSERT_TRUE(WaitForReport(1, "connected"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(WaitForGate(server_, 2));
  ASSERT_TRUE(Open(client_, 3));
  ASSERT_TRUE(Open(server_, 2));
  ASSERT_TRUE(Finish());
}

TEST_F(OptionEffectTest, PacketsCarryTheSocketsHopsAndTypeOfService) {
  Start(server_, "server", [](Self& self) {
    const int listener = self.Socket();
    self.SetOption(listener, IPPROTO_IP, IP_TTL, 7);
    self.SetOption(listener, IPPROTO_IP, IP_TOS, 0x10);
    self.Gives(self->bind(listener, At(INADDR_ANY, kPort), At::kLength), 0);
    self.Gives(self->listen(listener, 1), 0);
    const int fd = self.Accept(listener);
    self.Equal(self.Receive(fd, 1), "a");
    self.SetOption(fd, IPPROTO_IP, IP_TTL, -1);
    self.SetOption(fd, IPPROTO_IP, IP_TOS, 0);
    self.Send(fd, "b");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_IP, IP_TTL, 5);
    self.SetOption(fd, IPPROTO_IP, IP_TOS, 0x20);
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.SetOption(fd, IPPROTO_IP, IP_TTL, 6);
    self.Send(fd, "a");
    self.Receive(fd, 1);
    self.SetLinger(fd, 0);
    self.Close(fd);
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(HopsAndTypes(client_), "5/32 6/32 ");
  EXPECT_EQ(HopsAndTypes(server_), "7/16 64/0 ");
}

TEST_F(OptionEffectTest, WhatIsLeftOfAConnectionHasTheHostsHops) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.ExpectEnd(fd);
    // The client's FIN is acknowledged now, so that little of its connection is left when this one's FIN comes.
    self.SetOption(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    self.PassGate(1);
    self.Gives(self->shutdown(fd, SHUT_WR), 0);
    // Until the acknowledgement of that has come.
    tcp_info info{};
    for (const Time limit = self.now() + kLimit; info.tcpi_state != TCP_CLOSE && self.now() < limit;) {
      self.process().sleep(1ms);
      socklen_t length = sizeof info;
      self.Gives(self->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    }
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_IP, IP_TTL, 5);
    self.SetOption(fd, IPPROTO_IP, IP_TOS, 0x20);
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Close(fd);
  });
  ASSERT_TRUE(WaitForExit(1));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
  EXPECT_EQ(HopsAndTypes(client_), "5/32 64/32 ");
}

TEST_F(OptionEffectTest, LingeringGivesUpAfterItsTimeAlsoWithoutBlocking) {
  Alone([](Self& self) {
    for (bool nonblocking : {false, true}) {
      const int listener = self.Listen(kPort, 1, kLoopback);
      const int client = self.Connect(kLoopback, kPort);
      const int server = self.Accept(listener);
      self.Close(listener);
      self.SetNonBlocking(client);
      const std::string bytes = Numbered(4'000'000);
      while (self->send(client, bytes.data(), bytes.size(), 0) > 0) continue;
      if (!nonblocking) self.Gives(self->fcntl(client, F_SETFL, 0), 0);
      self.SetLinger(client, 1);
      const Time before = self.now();
      self.Close(client);
      self.Between(self.now() - before, 950ms, 1200ms);
      self.SetLinger(server, 0);
      self.Close(server);
    }
  });
}

TEST_F(OptionEffectTest, ShuttingDownDoesNotLinger) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(client);
    const std::string bytes = Numbered(4'000'000);
    while (self->send(client, bytes.data(), bytes.size(), 0) > 0) continue;
    self.SetLinger(client, 20);
    const Time before = self.now();
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Between(self.now() - before, 0ms, 500ms);
    self.SetLinger(client, 0);
  });
}

TEST_F(OptionEffectTest, ABoundOnWhatWasNotSentHoldsWritersBack) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(client);
    const std::string bytes = Numbered(400'000);
    self.Gives(self->send(client, bytes.data(), bytes.size(), 0), 400'000);
    self.process().sleep(50ms);
    self.Equal(self.Poll(client, POLLOUT, 0), POLLOUT);
    self.SetOption(client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1000);
    self.Equal(self.Poll(client, POLLOUT, 0), 0);
    self.Equal(self.Receive(server, 400'000), bytes);
    self.WaitForEvents(client, POLLOUT, POLLOUT);
  });
}

TEST_F(OptionEffectTest, ARangeOfLocalPortsRunsOut) {
  Alone([](Self& self) {
    constexpr int kIpLocalPortRange = 51;
    constexpr uint32_t kThree = 40'000 | 40'002u << 16;
    self.Listen(kPort, 50);
    const auto ranged = [&] {
      const int fd = self.Socket();
      // Linux has the option since 6.3.
      const int result = self->setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &kThree, sizeof kThree);
      if (result != 0 && errno == ENOPROTOOPT) return -1;
      self.Gives(result, 0);
      return fd;
    };
    std::vector<int> ports;
    for (int i = 0; i < 3; ++i) {
      const int fd = ranged();
      if (fd < 0) return;
      self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
      ports.push_back(self.LocalPort(fd));
    }
    std::ranges::sort(ports);
    self.True(ports == std::vector<int>{40'000, 40'001, 40'002}, "each port is used once");
    const int fd = ranged();
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), EADDRNOTAVAIL);
    self.Equal(self.Name(fd), "0.0.0.0:0");
    self.Fails(self->bind(ranged(), At(kLoopback, 0), At::kLength), EADDRINUSE);
    self.Fails(self->listen(ranged(), 1), EADDRINUSE);
    self.Connect(kLoopback, kPort);
    const uint32_t backwards = 40'002 | 40'000u << 16;
    self.Fails(self->setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &backwards, sizeof backwards), EINVAL);
    self.Fails(self->setsockopt(fd, IPPROTO_IP, kIpLocalPortRange, &kThree, 2), EINVAL);
  });
}

}  // namespace
}  // namespace conformance
