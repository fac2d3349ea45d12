// Connecting, and what becomes of it where nobody answers.

#include <fcntl.h>

#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class ConnectTest : public ConformanceTest {
 protected:
  // Accepts one client and keeps it until the client ends the connection.
  void StartServer() {
    Start(server_, "server", [](Self& self) { self.ExpectEnd(self.Accept(self.Listen(kPort, 5))); });
    ASSERT_TRUE(WaitUntilListening(server_, kPort));
  }
};

bool IsSyn(const Packet& packet) { return packet.tcp.syn && !packet.tcp.ack_flag; }
bool IsSynAck(const Packet& packet) { return packet.tcp.syn && packet.tcp.ack_flag; }

TEST_F(ConnectTest, BothEndsKnowBothAddresses) {
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Report("own", self.Name(fd));
    self.Report("peer", self.PeerName(fd));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Report("own", self.Name(fd));
    self.Report("peer", self.PeerName(fd));
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(Finish());
  EXPECT_EQ(outcome(server).Report("own"), Text(address(server_), kPort));
  EXPECT_EQ(outcome(client).Report("peer"), Text(address(server_), kPort));
  EXPECT_EQ(outcome(client).Report("own"), outcome(server).Report("peer"));
  EXPECT_EQ(outcome(client).Report("own").find(lab::ToString(address(client_)) + ":"), 0u);
}

TEST_F(ConnectTest, TakesARoundTrip) {
  world().SetLink(server_, client_, {.latency = 20ms});
  StartServer();
  Start(client_, "client", [this](Self& self) {
    const Time before = self.now();
    self.Connect(address(server_), kPort);
    self.Between(self.now() - before, 40ms, 50ms);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, NobodyListeningRefuses) {
  Start(client_, "client", [this](Self& self) {
    self.Fails(self->connect(self.Socket(), At(address(server_), kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->connect(self.Socket(), At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->connect(self.Socket(), At(address(client_), kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->connect(self.Socket(), At(address(server_), 0), At::kLength), ECONNREFUSED);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ABoundPortThatDoesNotListenRefuses) {
  Alone([](Self& self) {
    const int bound = self.Socket();
    self.Gives(self->bind(bound, At(INADDR_ANY, kPort), At::kLength), 0);
    self.Fails(self->connect(self.Socket(), At(kLoopback, kPort), At::kLength), ECONNREFUSED);
  });
}

TEST_F(ConnectTest, ARefusedSocketCanTryAgain) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Equal(self.TakeError(fd), 0);
    const int listener = self.Listen(kPort, 5);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Send(fd, "again");
    self.Equal(self.Receive(self.Accept(listener), 5), "again");
  });
}

TEST_F(ConnectTest, NoAnswerToAnySynTimesOut) {
  const HostId impatient = AddHost("impatient", {.tcp_syn_retries = 1});
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, impatient, down);
  Start(impatient, "client", [this](Self& self) {
    const int fd = self.Socket();
    const Time before = self.now();
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), ETIMEDOUT);
    // Retries after one second and after two, although tcp_syn_retries is 1: it stands for the time.
    self.Between(self.now() - before, 2900ms, 3100ms);
    self.Equal(self.TakeError(fd), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ALostSynIsSentAgainAfterASecond) {
  world().AddRule({.name = "first SYN", .matches = IsSyn, .count = 1});
  StartServer();
  Start(client_, "client", [this](Self& self) {
    const Time before = self.now();
    self.Connect(address(server_), kPort);
    self.Between(self.now() - before, 950ms, 1100ms);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ALostSynAckIsSentAgain) {
  world().AddRule({.name = "first SYN, ACK", .matches = IsSynAck, .count = 1});
  StartServer();
  Start(client_, "client", [this](Self& self) {
    const Time before = self.now();
    self.Connect(address(server_), kPort);
    self.Between(self.now() - before, 900ms, 1100ms);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, TheFirstBytesStandForALostAckOfTheHandshake) {
  world().AddRule({.name = "the handshake's ACK",
                   .matches = [](const Packet& packet) { return !packet.tcp.syn && packet.payload.empty(); },
                   .count = 1});
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.Equal(self.Receive(fd, 5), "first");
    self.Send(fd, "second");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, "first");
    self.Equal(self.ReceiveAll(fd), "second");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, AServerThatSpeaksFirstRecoversFromALostAckOfTheHandshake) {
  world().AddRule({.name = "the handshake's ACK",
                   .matches = [](const Packet& packet) { return !packet.tcp.syn && packet.payload.empty(); },
                   .count = 1});
  Start(server_, "server", [](Self& self) { self.Send(self.Accept(self.Listen(kPort, 5)), "welcome"); });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.Equal(self.ReceiveAll(self.Connect(address(server_), kPort)), "welcome");
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, WithoutBlockingItIsInProgressAndThenConnected) {
  world().SetLink(server_, client_, {.latency = 50ms});
  StartServer();
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), EALREADY);
    self.Fails(self->getpeername(fd, nullptr, nullptr), ENOTCONN);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), EAGAIN);
    self.Fails(self->send(fd, "x", 1, MSG_NOSIGNAL), EAGAIN);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), 0);
    self.Equal(self.TakeError(fd), 0);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, -1), POLLOUT);
    self.Equal(self.TakeError(fd), 0);
    // The call that finds it connected says so once.
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), EISCONN);
    self.Equal(self.PeerName(fd), Text(address(server_), kPort));
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, WithoutBlockingARefusalIsTheSocketsError) {
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.WaitForEvents(fd, POLLIN | POLLOUT, POLLIN | POLLOUT | POLLERR | POLLHUP);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(self.TakeError(fd), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ASecondConnectTellsTheRefusalToo) {
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.Poll(fd, POLLOUT, -1);
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), ECONNREFUSED);
    self.Equal(self.TakeError(fd), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ReceivingFromARefusedSocketTellsTheRefusal) {
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.Poll(fd, POLLOUT, -1);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNREFUSED);
    self.Gives(self->recv(fd, &byte, 1, 0), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, BlockingAgainWaitsForTheConnectThatIsInProgress) {
  world().SetLink(server_, client_, {.latency = 20ms});
  StartServer();
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    self.Gives(self->fcntl(fd, F_SETFL, 0), 0);
    self.Gives(self->connect(fd, At(address(server_), kPort), At::kLength), 0);
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), EISCONN);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, ClosingWhileConnectingGivesUp) {
  world().SetLink(server_, client_, {.latency = 20ms});
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Equal(self.Poll(listener, POLLIN, 200), 0);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) { self.Close(self.BeginConnect(address(server_), kPort)); });
  ASSERT_TRUE(WaitForExit(server));
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, AConnectedSocketIsConnected) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Connect(kLoopback, kPort);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength), EISCONN);
    self.Fails(self->connect(self.Accept(listener), At(kLoopback, kPort), At::kLength), EISCONN);
  });
}

TEST_F(ConnectTest, BadAddressesAreMisuse) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Fails(self->connect(77, At(kLoopback, kPort), At::kLength), EBADF);
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->connect(ends[0], At(kLoopback, kPort), At::kLength), ENOTSOCK);
    self.Fails(self->connect(fd, At(kLoopback, kPort), At::kLength - 1), EINVAL);
    sockaddr_in other{};
    other.sin_family = AF_INET6;
    self.Fails(self->connect(fd, reinterpret_cast<sockaddr*>(&other), sizeof other), EAFNOSUPPORT);
    self.Fails(self->connect(fd, reinterpret_cast<sockaddr*>(&other), 1), EINVAL);
  });
}

TEST_F(ConnectTest, AnAddressOfNoNetworkIsUnreachable) {
  Alone([](Self& self) {
    self.Fails(self->connect(self.Socket(), At(0xc0a80101, kPort), At::kLength), ENETUNREACH);
  });
}

TEST_F(ConnectTest, AHostReachesItselfByAllItsAddresses) {
  Alone([this](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int by_loopback = self.Connect(kLoopback, kPort);
    self.Equal(self.PeerName(self.Accept(listener)), self.Name(by_loopback));
    self.Equal(self.Name(by_loopback).substr(0, 10), "127.0.0.1:");

    const int by_address = self.Connect(address(server_), kPort);
    const std::string own = lab::ToString(address(server_)) + ":";
    self.Equal(self.Name(by_address).substr(0, own.size()), own);
    self.Equal(self.PeerName(self.Accept(listener)), self.Name(by_address));

    const int by_any = self.Connect(INADDR_ANY, kPort);
    self.Equal(self.PeerName(by_any), Text(kLoopback, kPort));
    self.Accept(listener);
  });
}

TEST_F(ConnectTest, AnotherHostsLoopbackIsItsOwn) {
  Start(server_, "server", [](Self& self) {
    self.Listen(kPort, 5, kLoopback);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    self.Fails(self->connect(self.Socket(), At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Fails(self->connect(self.Socket(), At(address(server_), kPort), At::kLength), ECONNREFUSED);
  });
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(ConnectTest, EachConnectionGetsAPortOfItsOwn) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 20);
    std::vector<uint16_t> ports;
    for (int i = 0; i < 20; ++i) {
      const uint16_t port = self.LocalPort(self.Connect(kLoopback, kPort));
      self.True(port >= 32'768 && port < 61'000, "the port is an ephemeral one");
      for (uint16_t other : ports) self.True(port != other, "no other connection has the port");
      ports.push_back(port);
      self.Accept(listener);
    }
  });
}

TEST_F(ConnectTest, ABoundSocketConnectsFromItsPort) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(INADDR_ANY, 5555), At::kLength), 0);
    self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
    self.Equal(self.Name(fd), "127.0.0.1:5555");
    self.Equal(self.PeerName(self.Accept(listener)), "127.0.0.1:5555");
  });
}

TEST_F(ConnectTest, TheSameTwoEndsCannotBeConnectedTwice) {
  Alone([](Self& self) {
    self.Listen(kPort, 5);
    int fds[2];
    for (int& fd : fds) {
      fd = self.Socket();
      self.SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      self.Gives(self->bind(fd, At(kLoopback, 5555), At::kLength), 0);
    }
    self.Gives(self->connect(fds[0], At(kLoopback, kPort), At::kLength), 0);
    self.Fails(self->connect(fds[1], At(kLoopback, kPort), At::kLength), EADDRNOTAVAIL);
  });
}

// A client with a port of its own, which has closed first and comes back: TIME-WAIT doesn't keep it.
TEST_F(ConnectTest, TheSameTwoEndsAreConnectedAgainAfterTheClientsClose) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    for (int i = 0; i < 3; ++i) {
      const int fd = self.Socket();
      self.SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      self.Gives(self->bind(fd, At(kLoopback, 5555), At::kLength), 0);
      self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
      const int server = self.Accept(listener);
      self.Send(fd, "hello");
      self.Equal(self.Receive(server, 5), "hello");
      self.Close(fd);
      self.ExpectEnd(server);
      self.Close(server);
      self.process().sleep(20ms);
    }
  });
}

TEST_F(ConnectTest, AClientThatComesBackEndsWhatThePeerHasNotClosed) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    int server = -1;
    for (int i = 0; i < 2; ++i) {
      const int fd = self.Socket();
      self.SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      self.Gives(self->bind(fd, At(kLoopback, 5555), At::kLength), 0);
      const Time before = self.now();
      self.Gives(self->connect(fd, At(kLoopback, kPort), At::kLength), 0);
      // The first SYN finds the old connection, and the next one follows at once.
      self.Between(self.now() - before, 0ms, 500ms);
      const int accepted = self.Accept(listener);
      self.Send(accepted, "hello");
      self.Equal(self.Receive(fd, 5), "hello");
      if (i > 0) break;
      server = accepted;
      self.Close(fd);
      self.ExpectEnd(server);
      self.process().sleep(100ms);
    }
    char byte;
    self.Gives(self->recv(server, &byte, 1, 0), 0);
    self.Fails(self->send(server, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(ConnectTest, APortCanConnectToItself) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Gives(self->bind(fd, At(kLoopback, 5555), At::kLength), 0);
    self.Gives(self->connect(fd, At(kLoopback, 5555), At::kLength), 0);
    self.Equal(self.PeerName(fd), self.Name(fd));
    self.Send(fd, "echo");
    self.Equal(self.Receive(fd, 4), "echo");
  });
}

TEST_F(ConnectTest, TheHandshakeIsThreeSegmentsOnTheWire) {
  StartServer();
  Start(client_, "client", [this](Self& self) { self.Connect(address(server_), kPort); });
  ASSERT_TRUE(Finish());
  std::vector<std::string> flags;
  for (const lab::Event& event : world().trace().events()) {
    if (const auto* packet = std::get_if<lab::PacketEvent>(&event)) {
      flags.push_back(packet->packet.tcp.FlagsToString());
    }
  }
  ASSERT_GE(flags.size(), 4u);
  flags.resize(4);
  EXPECT_EQ(flags, (std::vector<std::string>{"SYN", "SYN, ACK", "ACK", "FIN, ACK"}));
}

}  // namespace
}  // namespace conformance
