// Which datagram socket may have which port, and which of several gets what arrives.

#include <map>
#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramBindTest : public ConformanceTest {};

constexpr uint32_t kAllOfLoopback = 0x7fffffff;  // 127.255.255.255
constexpr uint32_t kAllHosts = 0x0affffff;       // 10.255.255.255

int Bind(Self& self, int fd, uint32_t address, uint16_t port) {
  return self->bind(fd, At(address, port), At::kLength);
}

// A bound socket with SO_REUSEADDR or SO_REUSEPORT.
int BindWith(Self& self, int option, uint32_t address, uint16_t port) {
  const int fd = self.Datagram();
  self.SetOption(fd, SOL_SOCKET, option, 1);
  self.Gives(Bind(self, fd, address, port), 0);
  return fd;
}

TEST_F(DatagramBindTest, ASendThatFailsHasBoundAllTheSame) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.Fails(self->send(fd, "x", 1, 0), EDESTADDRREQ);
    self.True(self.LocalPort(fd) != 0, "a send without a destination binds");
    sockaddr_in strange{};
    strange.sin_family = 99;
    const int other = self.Datagram();
    self.Fails(self->sendto(other, "x", 1, 0, reinterpret_cast<sockaddr*>(&strange), sizeof strange), EAFNOSUPPORT);
    self.True(self.LocalPort(other) != 0, "one to no address binds");
    self.Fails(self->bind(other, At(INADDR_ANY, kPort), At::kLength), EINVAL);
  });
}

TEST_F(DatagramBindTest, APortBelongsToOneSocket) {
  Alone([](Self& self) {
    const int first = self.Bind(kPort);
    self.Fails(Bind(self, self.Datagram(), INADDR_ANY, kPort), EADDRINUSE);
    self.Fails(Bind(self, self.Datagram(), kLoopback, kPort), EADDRINUSE);
    self.Close(first);
    self.Gives(Bind(self, self.Datagram(), kLoopback, kPort), 0);
    self.Fails(Bind(self, self.Datagram(), INADDR_ANY, kPort), EADDRINUSE);
  });
}

TEST_F(DatagramBindTest, DatagramsAndStreamsHavePortsOfTheirOwn) {
  Alone([](Self& self) {
    self.Bind(kPort);
    self.Listen(kPort, 5);
  });
}

TEST_F(DatagramBindTest, MisuseOfBind) {
  Alone([this](Self& self) {
    const int fd = self.Datagram();
    self.Fails(Bind(self, fd, address(client_), kPort), EADDRNOTAVAIL);
    self.Fails(Bind(self, fd, 0xc0a80101, kPort), EADDRNOTAVAIL);
    self.Gives(Bind(self, fd, kLoopback, 0), 0);
    self.True(self.LocalPort(fd) >= 32'768, "the port is an ephemeral one");
    self.Fails(Bind(self, fd, kLoopback, 0), EINVAL);
    const int used = self.Datagram();
    self.SendTo(used, "x", kLoopback, kPort);
    self.Fails(Bind(self, used, INADDR_ANY, kPort), EINVAL);
  });
}

TEST_F(DatagramBindTest, EphemeralPortsAreDifferent) {
  Alone([](Self& self) {
    std::map<uint16_t, int> seen;
    for (int i = 0; i < 50; ++i) {
      const int fd = self.Datagram();
      if (i % 2 == 0) self.Gives(Bind(self, fd, INADDR_ANY, 0), 0);
      if (i % 2 == 1) self.SendTo(fd, "x", kLoopback, kPort);
      self.Equal(self.Name(fd), Text(0, self.LocalPort(fd)));
      self.Equal(++seen[self.LocalPort(fd)], 1);
    }
  });
}

TEST_F(DatagramBindTest, TheSocketOfTheAddressComesBeforeTheOneOfAll) {
  Alone([this](Self& self) {
    const int all = BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort);
    const int loopback = BindWith(self, SO_REUSEADDR, kLoopback, kPort);
    const int later = BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort);
    const int fd = self.Datagram();
    self.SendTo(fd, "loopback", kLoopback, kPort);
    self.SendTo(fd, "all", address(server_), kPort);
    self.ExpectDatagram(loopback, "loopback");
    self.ExpectDatagram(later, "all");
    self.ExpectNone(all);
  });
}

TEST_F(DatagramBindTest, TheConnectedSocketComesBeforeTheOthers) {
  Alone([](Self& self) {
    const int peer = self.Bind(0, kLoopback);
    const int connected = BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort);
    self.Gives(self->connect(connected, At(kLoopback, self.LocalPort(peer)), At::kLength), 0);
    const int other = BindWith(self, SO_REUSEADDR, kLoopback, kPort);
    self.SendTo(peer, "peer", kLoopback, kPort);
    self.SendTo(self.Datagram(), "other", kLoopback, kPort);
    self.ExpectDatagram(connected, "peer");
    self.ExpectDatagram(other, "other");
    self.ExpectNone(connected);
  });
}

TEST_F(DatagramBindTest, WithReuseAddressTheLastOneGetsAll) {
  Alone([](Self& self) {
    const int first = BindWith(self, SO_REUSEADDR, kLoopback, kPort);
    const int last = BindWith(self, SO_REUSEADDR, kLoopback, kPort);
    const int fd = self.Datagram();
    for (int i = 0; i < 5; ++i) self.SendTo(fd, "x", kLoopback, kPort);
    for (int i = 0; i < 5; ++i) self.ExpectDatagram(last, "x");
    self.ExpectNone(first);
    self.Close(last);
    self.SendTo(fd, "y", kLoopback, kPort);
    self.ExpectDatagram(first, "y");
  });
}

TEST_F(DatagramBindTest, BothMustWantToShare) {
  Alone([](Self& self) {
    self.Bind(kPort);
    const int address = self.Datagram();
    self.SetOption(address, SOL_SOCKET, SO_REUSEADDR, 1);
    self.Fails(Bind(self, address, INADDR_ANY, kPort), EADDRINUSE);
    BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort + 1);
    const int port = self.Datagram();
    self.SetOption(port, SOL_SOCKET, SO_REUSEPORT, 1);
    self.Fails(Bind(self, port, INADDR_ANY, kPort + 1), EADDRINUSE);
    self.Fails(Bind(self, self.Datagram(), INADDR_ANY, kPort + 1), EADDRINUSE);
  });
}

TEST_F(DatagramBindTest, WithReusePortTheSendersAreSpread) {
  Alone([](Self& self) {
    const int fds[] = {BindWith(self, SO_REUSEPORT, kLoopback, kPort), BindWith(self, SO_REUSEPORT, kLoopback, kPort)};
    const std::string name = Text(kLoopback, 0);
    std::map<std::string, int> where;
    for (int i = 0; i < 64; ++i) {
      const int fd = self.Bind(0, kLoopback);
      self.SendTo(fd, "x", kLoopback, kPort);
      self.SendTo(fd, "x", kLoopback, kPort);
    }
    for (int i : {0, 1}) {
      int got = 0;
      while ((self.Poll(fds[i], POLLIN, 0) & POLLIN) != 0) {
        const std::string from = self.ReceiveFrom(fds[i]).address;
        where.try_emplace(from, i);
        self.Equal(where[from], i);
        ++got;
      }
      self.True(got > 0 && got < 128, "both have some");
      self.Equal(got % 2, 0);
    }
    self.Equal(static_cast<long>(where.size()), 64);
  });
}

TEST_F(DatagramBindTest, BroadcastIsForWhoAsksForIt) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    for (const uint32_t all : {kAllOfLoopback, kAllHosts}) {
      self.Fails(self->sendto(fd, "x", 1, 0, At(all, kPort), At::kLength), EACCES);
      self.Fails(self->connect(fd, At(all, kPort), At::kLength), EACCES);
    }
    self.Fails(self->sendto(fd, "x", 1, 0, At(INADDR_BROADCAST, kPort), At::kLength), ENETUNREACH);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_BROADCAST), 0);
    self.SetOption(fd, SOL_SOCKET, SO_BROADCAST, 7);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_BROADCAST), 1);
    self.Fails(self->sendto(fd, "x", 1, 0, At(INADDR_BROADCAST, kPort), At::kLength), ENETUNREACH);
    self.SendTo(fd, "x", kAllOfLoopback, kPort);
    self.SendTo(fd, "x", kAllHosts, kPort);
    self.Equal(self.TakeError(fd), 0);
  });
}

TEST_F(DatagramBindTest, ABroadcastReachesAllSocketsOfTheHost) {
  Alone([this](Self& self) {
    const int all = BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort);
    const int all_too = BindWith(self, SO_REUSEADDR, INADDR_ANY, kPort);
    const int group = BindWith(self, SO_REUSEADDR, kAllHosts, kPort);
    const int own = BindWith(self, SO_REUSEADDR, address(server_), kPort);
    const int fd = self.Datagram();
    self.SetOption(fd, SOL_SOCKET, SO_BROADCAST, 1);
    self.SendTo(fd, "hosts", kAllHosts, kPort);
    for (const int receiver : {all, all_too, group}) {
      const Self::From got = self.ReceiveFrom(receiver);
      self.Equal(got.bytes, "hosts");
      self.Equal(got.address, Text(address(server_), self.LocalPort(fd)));
    }
    self.ExpectNone(own);
    self.SendTo(fd, "loopback", kAllOfLoopback, kPort);
    self.ExpectDatagram(all, "loopback");
    self.ExpectDatagram(all_too, "loopback");
    self.ExpectNone(group);
    self.ExpectNone(own);
  });
}

TEST_F(DatagramBindTest, AGroupCanBeBoundButIsNoSource) {
  Alone([this](Self& self) {
    const int fd = self.Datagram();
    self.Gives(Bind(self, fd, kAllHosts, kPort), 0);
    self.Equal(self.Name(fd), Text(kAllHosts, kPort));
    const int server = self.Bind(kPort + 1);
    self.SendTo(fd, "x", address(server_), kPort + 1);
    self.Equal(self.ReceiveFrom(server).address, Text(address(server_), kPort));
    self.Gives(Bind(self, self.Datagram(), 0xe0000001, kPort), 0);
  });
}

TEST_F(DatagramBindTest, ProcessesOfAHostShareItsPorts) {
  Start(server_, "first", [](Self& self) {
    const int fd = self.Bind(kPort);
    self.ExpectDatagram(fd, "hello");
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(server_, "second", [](Self& self) {
    self.Fails(Bind(self, self.Datagram(), INADDR_ANY, kPort), EADDRINUSE);
    self.SendTo(self.Datagram(), "hello", kLoopback, kPort);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramBindTest, APortIsFreeOnceItsProcessIsGone) {
  const ProcessId first = Start(server_, "first", [](Self& self) {
    const int fd = self.Bind(kPort);
    char byte;
    self->recv(fd, &byte, 1, 0);
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Kill(first);
  ASSERT_TRUE(WaitForExit(first));
  Start(server_, "second", [](Self& self) { self.Bind(kPort); });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
