// The queues of a listening socket.

#include <fcntl.h>

#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class ListenTest : public ConformanceTest {};

class BacklogTest : public ListenTest, public ::testing::WithParamInterface<int> {};

TEST_P(BacklogTest, OneMoreThanTheBacklogConnectsAndTheNextOnlyAfterAnAccept) {
  const int backlog = GetParam();
  Start(server_, "server", [backlog](Self& self) {
    const int listener = self.Listen(kPort, backlog);
    self.PassGate(1);
    for (int i = 0; i < backlog + 2; ++i) self.Close(self.Accept(listener));
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(client_, "client", [this, backlog](Self& self) {
    for (int i = 0; i < backlog + 1; ++i) self.Connect(address(server_), kPort);
    const int late = self.BeginConnect(address(server_), kPort);
    self.Equal(self.Poll(late, POLLOUT, 200), 0);
    self.Report("full");
    self.Equal(self.Poll(late, POLLOUT, -1), POLLOUT);
    self.Equal(self.TakeError(late), 0);
  });
  ASSERT_TRUE(WaitForReport(client, "full"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

INSTANTIATE_TEST_SUITE_P(Backlogs, BacklogTest, ::testing::Values(0, 1, 2, 5),
                         [](const auto& backlog) { return std::to_string(backlog.param); });

TEST_F(ListenTest, ANegativeBacklogIsALargeOne) {
  Alone([](Self& self) {
    self.Listen(kPort, -1);
    for (int i = 0; i < 5; ++i) self.Connect(kLoopback, kPort);
  });
}

TEST_F(ListenTest, TheHostsMaximumBoundsTheBacklog) {
  const HostId small = AddHost("small", {.somaxconn = 1});
  Start(small, "alone", [](Self& self) {
    self.Listen(kPort, 100);
    self.Connect(kLoopback, kPort);
    self.Connect(kLoopback, kPort);
    self.Equal(self.Poll(self.BeginConnect(kLoopback, kPort), POLLOUT, 100), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ListenTest, ListeningAgainChangesTheBacklog) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 0);
    self.Connect(kLoopback, kPort);
    self.Gives(self->listen(listener, 2), 0);
    self.Connect(kLoopback, kPort);
    self.Connect(kLoopback, kPort);
    self.Equal(self.Poll(self.BeginConnect(kLoopback, kPort), POLLOUT, 100), 0);
  });
}

TEST_F(ListenTest, AnAcceptMakesRoomForOneMore) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 0);
    for (int i = 0; i < 4; ++i) {
      self.Connect(kLoopback, kPort);
      self.Accept(listener);
    }
  });
}

TEST_F(ListenTest, ClientsAreAcceptedInTheOrderInWhichTheyConnected) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    std::vector<int> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(self.Connect(kLoopback, kPort));
    for (int client : clients) self.Equal(self.PeerName(self.Accept(listener)), self.Name(client));
  });
}

TEST_F(ListenTest, AcceptStoresTheClientsAddress) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int client = self.Connect(kLoopback, kPort);
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    self.Ok(self->accept(listener, reinterpret_cast<sockaddr*>(&peer), &length));
    self.Equal(length, sizeof peer);
    self.Equal(peer.sin_family, AF_INET);
    self.Equal(ntohl(peer.sin_addr.s_addr), kLoopback);
    self.Equal(ntohs(peer.sin_port), self.LocalPort(client));
  });
}

TEST_F(ListenTest, AcceptCutsTheAddressToItsSpaceAndTellsTheFullLength) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Connect(kLoopback, kPort);
    unsigned char space[8] = {};
    space[4] = 0x77;
    socklen_t length = 4;
    self.Ok(self->accept(listener, reinterpret_cast<sockaddr*>(space), &length));
    self.Equal(length, sizeof(sockaddr_in));
    self.Equal(space[0], AF_INET);
    self.Equal(space[4], 0x77);
  });
}

TEST_F(ListenTest, AcceptWaitsForAClient) {
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const Time before = self.now();
    self.Accept(listener);
    self.True(self.now() - before >= 50ms, "accept waited");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  world().RunFor(60ms);
  EXPECT_FALSE(outcome(server).exited);
  Start(client_, "client", [this](Self& self) { self.Connect(address(server_), kPort); });
  ASSERT_TRUE(Finish());
}

TEST_F(ListenTest, AcceptWithoutBlockingGivesEagainWhereNobodyWaits) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.SetNonBlocking(listener);
    self.Fails(self->accept(listener, nullptr, nullptr), EAGAIN);
    self.Connect(kLoopback, kPort);
    self.WaitForEvents(listener, POLLIN, POLLIN);
    self.Accept(listener);
    self.Fails(self->accept(listener, nullptr, nullptr), EAGAIN);
  });
}

TEST_F(ListenTest, AcceptedSocketsDoNotInheritNonBlocking) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.SetNonBlocking(listener);
    self.Connect(kLoopback, kPort);
    self.WaitForEvents(listener, POLLIN, POLLIN);
    const int fd = self.Accept(listener);
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR);
    self.Gives(self->fcntl(fd, F_GETFD, 0), 0);
  });
}

TEST_F(ListenTest, Accept4GivesTheFlags) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Connect(kLoopback, kPort);
    const int fd = self.Ok(self->accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    self.Fails(self->accept4(listener, nullptr, nullptr, 0x100), EINVAL);
  });
}

TEST_F(ListenTest, AcceptingOnOtherDescriptorsIsMisuse) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->accept(77, nullptr, nullptr), EBADF);
    self.Fails(self->accept(ends[0], nullptr, nullptr), ENOTSOCK);
    self.Fails(self->accept(self.Socket(), nullptr, nullptr), EINVAL);
    self.Fails(self->accept(self.Pair().first, nullptr, nullptr), EINVAL);
  });
}

TEST_F(ListenTest, OfSeveralMistakesOfAccept4TheFirstIsTold) {
  Alone([](Self& self) {
    constexpr int kNoFlag = 1;
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->accept4(77, nullptr, nullptr, kNoFlag), EBADF);
    self.Fails(self->accept4(ends[0], nullptr, nullptr, kNoFlag), EINVAL);
    self.Fails(self->accept4(self.Socket(), nullptr, nullptr, kNoFlag), EINVAL);
  });
}

TEST_F(ListenTest, ListeningOnOtherDescriptorsIsMisuse) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->listen(77, 5), EBADF);
    self.Fails(self->listen(ends[0], 5), ENOTSOCK);
    self.Fails(self->listen(self.Pair().first, 5), EINVAL);
  });
}

TEST_F(ListenTest, ListeningWithoutBindTakesAFreePort) {
  Alone([](Self& self) {
    const int listener = self.Socket();
    self.Gives(self->listen(listener, 5), 0);
    const uint16_t port = self.LocalPort(listener);
    self.True(port >= 32'768 && port < 61'000, "the port is an ephemeral one");
    self.Connect(kLoopback, port);
    self.Accept(listener);
  });
}

TEST_F(ListenTest, AListeningSocketCarriesNoBytes) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    char byte = 'x';
    self.Fails(self->recv(listener, &byte, 1, 0), ENOTCONN);
    self.Fails(self->send(listener, &byte, 1, MSG_NOSIGNAL), EPIPE);
    self.Fails(self->connect(listener, At(kLoopback, kPort), At::kLength), EISCONN);
    self.Fails(self->getpeername(listener, nullptr, nullptr), ENOTCONN);
  });
}

TEST_F(ListenTest, ClosingTheListenerResetsThoseWhoWait) {
  Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.PassGate(1);
    self.Close(listener);
    self.PassGate(2);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Report("connected");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, 0), ECONNRESET);
    self.Fails(self->connect(self.Socket(), At(address(server_), kPort), At::kLength), ECONNREFUSED);
  });
  ASSERT_TRUE(WaitForReport(client, "connected"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Open(server_, 2));
  ASSERT_TRUE(Finish());
}

TEST_F(ListenTest, ClosingTheListenerLeavesAcceptedConnectionsAlone) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();  // which closes its listener
    self.Send(client, "still here");
    self.Equal(self.Receive(server, 10), "still here");
  });
}

TEST_F(ListenTest, ShuttingTheListenerDownEndsListening) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Gives(self->shutdown(listener, SHUT_RD), 0);
    self.Fails(self->accept(listener, nullptr, nullptr), EINVAL);
    self.Fails(self->connect(self.Socket(), At(kLoopback, kPort), At::kLength), ECONNREFUSED);
    self.Gives(self->listen(listener, 5), 0);
    self.Connect(kLoopback, kPort);
    self.Accept(listener);
  });
}

TEST_F(ListenTest, AClientThatResetsBeforeItIsAcceptedIsStillAccepted) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int client = self.Connect(kLoopback, kPort);
    self.Send(client, "bye");
    self.SetLinger(client, 0);
    self.WaitForEvents(listener, POLLIN, POLLIN);
    self.Close(client);
    self.process().sleep(20ms);
    const int server = self.Accept(listener);
    char bytes[4];
    self.Gives(self->recv(server, bytes, 3, 0), 3);
    self.Fails(self->recv(server, bytes, 3, 0), ECONNRESET);
    self.Gives(self->recv(server, bytes, 3, 0), 0);
  });
}

TEST_F(ListenTest, WhatAClientSentBeforeItWasAcceptedIsThere) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int client = self.Connect(kLoopback, kPort);
    self.Send(client, Numbered(10'000));
    self.Close(client);
    self.Equal(self.ReceiveAll(self.Accept(listener)), Numbered(10'000));
  });
}

TEST_F(ListenTest, APausedServersKernelQueuesItsClients) {
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    for (int i = 0; i < 6; ++i) {
      const int fd = self.Accept(listener);
      self.Send(fd, "hi");
      self.Close(fd);
    }
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  world().Pause(server);
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    std::vector<int> fds;
    for (int i = 0; i < 6; ++i) fds.push_back(self.Connect(address(server_), kPort));
    self.Equal(self.Poll(fds[0], POLLIN, 100), 0);
    self.Report("waiting");
    for (int fd : fds) self.Equal(self.ReceiveAll(fd), "hi");
  });
  ASSERT_TRUE(WaitForReport(client, "waiting"));
  EXPECT_FALSE(outcome(server).exited);
  world().Resume(server);
  ASSERT_TRUE(Finish());
}

// Eight clients for six places, the last four of them at once on a slow link: each SYN finds room in the queues,
// and the last two acknowledgements don't.
class SlowLinkTest : public ListenTest {
 protected:
  // Listens and has four clients wait already.
  static int ListenWithFourWaiting(Self& self) {
    const int listener = self.Listen(kPort, 5);
    for (int i = 0; i < 4; ++i) self.Connect(kLoopback, kPort);
    self.Report("waiting");
    return listener;
  }
  // Begins to connect four at once.
  std::vector<int> ConnectFour(Self& self, HostId server) const {
    std::vector<int> fds;
    for (int i = 0; i < 4; ++i) fds.push_back(self.BeginConnect(address(server), kPort));
    return fds;
  }
};

TEST_F(SlowLinkTest, ClientsThatOverflowTheQueueBelieveThatTheyAreConnected) {
  world().SetLink(server_, client_, {.latency = 100ms});
  const ProcessId server = Start(server_, "server", [](Self& self) {
    const int listener = ListenWithFourWaiting(self);
    self.PassGate(1);
    for (int i = 0; i < 8; ++i) self.Send(self.Accept(listener), "hello");
    self.PassGate(2);
  });
  ASSERT_TRUE(WaitForReport(server, "waiting"));
  const ProcessId client = Start(client_, "client", [this](Self& self) {
    const std::vector<int> fds = ConnectFour(self, server_);
    for (int fd : fds) {
      self.Equal(self.Poll(fd, POLLOUT, -1), POLLOUT);
      self.Equal(self.TakeError(fd), 0);
    }
    self.Report("connected");
    for (int fd : fds) self.Equal(self.Receive(fd, 5), "hello");
  });
  ASSERT_TRUE(WaitForReport(client, "connected"));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Open(server_, 2));
  ASSERT_TRUE(Finish());
}

TEST_F(SlowLinkTest, ClientsThatOverflowTheQueueAreResetWhereTheHostAbortsOnOverflow) {
  const HostId host = AddHost("aborting", {.tcp_abort_on_overflow = 1});
  world().SetLink(host, client_, {.latency = 100ms});
  const ProcessId server = Start(host, "server", [](Self& self) {
    ListenWithFourWaiting(self);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitForReport(server, "waiting"));
  const ProcessId client = Start(client_, "client", [this, host](Self& self) {
    const std::vector<int> fds = ConnectFour(self, host);
    const auto reset = [&] {
      int count = 0;
      for (int fd : fds) count += (self.Poll(fd, 0, 0) & POLLERR) != 0;
      return count;
    };
    const Time limit = self.now() + 10s;
    while (reset() < 2 && self.now() < limit) self.process().sleep(5ms);
    self.process().sleep(250ms);
    self.Equal(reset(), 2);
    for (int fd : fds) {
      const int error = self.TakeError(fd);
      self.True(error == 0 || error == ECONNRESET, "a client is connected or reset");
    }
  });
  ASSERT_TRUE(WaitForExit(client));
  ASSERT_TRUE(Open(host, 1));
  ASSERT_TRUE(Finish());
}

// Clients whose acknowledgements get lost stay in the SYN queue.
class SynQueueTest : public ListenTest {
 protected:
  // How many of five that connect at once to a server of that backlog get an answer.
  void ExpectAnswers(int tcp_syncookies, int backlog, int answers) {
    const HostId host = AddHost("deaf", {.tcp_syncookies = tcp_syncookies});
    world().AddRule({.name = "acknowledgements", .matches = [](const Packet& packet) {
                       return packet.destination.port == kPort && !packet.tcp.syn;
                     }});
    Start(host, "server", [backlog](Self& self) {
      const int listener = self.Listen(kPort, backlog);
      self.PassGate(1);
      self.Equal(self.Poll(listener, POLLIN, 0), 0);
    });
    ASSERT_TRUE(WaitUntilListening(host, kPort));
    const ProcessId client = Start(client_, "client", [this, host, answers](Self& self) {
      std::vector<int> fds;
      for (int i = 0; i < 5; ++i) fds.push_back(self.BeginConnect(address(host), kPort));
      const auto connected = [&] {
        int count = 0;
        for (int fd : fds) count += self.Poll(fd, POLLOUT, 0) == POLLOUT;
        return count;
      };
      const Time limit = self.now() + 10s;
      while (connected() < answers && self.now() < limit) self.process().sleep(5ms);
      self.process().sleep(100ms);
      self.Equal(connected(), answers);
    });
    ASSERT_TRUE(WaitForExit(client));
    ASSERT_TRUE(Open(host, 1));
    ASSERT_TRUE(Finish());
  }
};

TEST_F(SynQueueTest, HoldsOneMoreThanTheBacklog) {
  ExpectAnswers(/*tcp_syncookies=*/0, /*backlog=*/2, /*answers=*/3);
}

TEST_F(SynQueueTest, OfNoBacklogHoldsOne) { ExpectAnswers(0, 0, 1); }

TEST_F(SynQueueTest, CookiesAnswerThoseWhoFindItFull) { ExpectAnswers(1, 2, 5); }

TEST_F(ListenTest, ASynThatFindsTheQueueFullIsDroppedEvenWhereTheHostAbortsOnOverflow) {
  const HostId host = AddHost("aborting", {.tcp_abort_on_overflow = 1});
  Start(host, "alone", [](Self& self) {
    self.Listen(kPort, 0);
    self.Connect(kLoopback, kPort);
    const int late = self.BeginConnect(kLoopback, kPort);
    self.Equal(self.Poll(late, POLLOUT, 200), 0);
    self.Equal(self.TakeError(late), 0);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
