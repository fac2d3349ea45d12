// Who may have which address, and when a port is free again.

#include <tuple>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class BindTest : public ConformanceTest {};

int Bind(Self& self, int fd, uint32_t address, uint16_t port) {
  return self->bind(fd, At(address, port), At::kLength);
}

TEST_F(BindTest, APortBelongsToOneSocket) {
  Alone([](Self& self) {
    const int first = self.Socket();
    self.Gives(Bind(self, first, INADDR_ANY, kPort), 0);
    self.Equal(self.Name(first), "0.0.0.0:9999");
    self.Fails(Bind(self, self.Socket(), INADDR_ANY, kPort), EADDRINUSE);
    self.Fails(Bind(self, self.Socket(), kLoopback, kPort), EADDRINUSE);
    self.Close(first);
    self.Gives(Bind(self, self.Socket(), INADDR_ANY, kPort), 0);
  });
}

TEST_F(BindTest, APortBelongsToOneSocketOfEachAddress) {
  Alone([this](Self& self) {
    self.Listen(kPort, 5, kLoopback);
    self.Listen(kPort, 5, address(server_));
    self.Fails(Bind(self, self.Socket(), INADDR_ANY, kPort), EADDRINUSE);
    self.Fails(Bind(self, self.Socket(), kLoopback, kPort), EADDRINUSE);
  });
}

TEST_F(BindTest, ClientsReachTheListenerOfTheirAddress) {
  Alone([this](Self& self) {
    const int by_loopback = self.Listen(kPort, 5, kLoopback);
    const int by_address = self.Listen(kPort, 5, address(server_));
    const int client = self.Connect(address(server_), kPort);
    self.WaitForEvents(by_address, POLLIN, POLLIN);
    self.Equal(self.Poll(by_loopback, POLLIN, 0), 0);
    self.Equal(self.PeerName(self.Accept(by_address)), self.Name(client));
  });
}

TEST_F(BindTest, HostsHavePortsOfTheirOwn) {
  const Body listen = [](Self& self) {
    self.Listen(kPort, 5);
    self.PassGate(1);
  };
  Start(server_, "one", listen);
  Start(client_, "other", listen);
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  ASSERT_TRUE(WaitUntilListening(client_, kPort));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Open(client_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(BindTest, TwoProcessesOfAHostShareItsPorts) {
  Start(server_, "first", [](Self& self) {
    self.Listen(kPort, 5);
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  const ProcessId second = Start(server_, "second", [](Self& self) {
    self.Fails(Bind(self, self.Socket(), INADDR_ANY, kPort), EADDRINUSE);
  });
  ASSERT_TRUE(WaitForExit(second));
  ASSERT_TRUE(Open(server_, 1));
  ASSERT_TRUE(Finish());
}

TEST_F(BindTest, PortZeroIsAFreeOne) {
  Alone([](Self& self) {
    uint16_t last = 0;
    for (int i = 0; i < 10; ++i) {
      const int fd = self.Socket();
      self.Gives(Bind(self, fd, INADDR_ANY, 0), 0);
      const uint16_t port = self.LocalPort(fd);
      self.True(port >= 32'768 && port < 61'000 && port != last, "the port is an ephemeral one and new");
      last = port;
    }
  });
}

TEST_F(BindTest, AnUnboundSocketHasNoAddress) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Name(fd), "0.0.0.0:0");
    self.Fails(self->getpeername(fd, nullptr, nullptr), ENOTCONN);
  });
}

TEST_F(BindTest, Misuse) {
  Alone([this](Self& self) {
    const int fd = self.Socket();
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(Bind(self, 77, kLoopback, kPort), EBADF);
    self.Fails(Bind(self, ends[0], kLoopback, kPort), ENOTSOCK);
    self.Fails(Bind(self, fd, address(client_), kPort), EADDRNOTAVAIL);
    self.Fails(Bind(self, fd, 0xc0a80101, kPort), EADDRNOTAVAIL);
    self.Fails(self->bind(fd, At(kLoopback, kPort), At::kLength - 1), EINVAL);
    sockaddr_in other{};
    other.sin_family = AF_INET6;
    self.Fails(self->bind(fd, reinterpret_cast<sockaddr*>(&other), sizeof other), EAFNOSUPPORT);
    self.Gives(Bind(self, fd, kLoopback, kPort), 0);
    self.Fails(Bind(self, fd, kLoopback, kPort), EINVAL);
    self.Fails(Bind(self, fd, kLoopback, kPort + 1), EINVAL);
    self.Fails(Bind(self, self.Connect(kLoopback, (self.Listen(7000, 1), 7000)), kLoopback, 7001), EINVAL);
  });
}

TEST_F(BindTest, NamesOfOtherDescriptorsAreMisuse) {
  Alone([](Self& self) {
    sockaddr_in in{};
    auto* address = reinterpret_cast<sockaddr*>(&in);
    socklen_t length = sizeof in;
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->getsockname(77, address, &length), EBADF);
    self.Fails(self->getpeername(77, address, &length), EBADF);
    self.Fails(self->getsockname(ends[0], address, &length), ENOTSOCK);
    self.Fails(self->getpeername(ends[0], address, &length), ENOTSOCK);
  });
}

TEST_F(BindTest, ALongerAddressIsFine) {
  Alone([](Self& self) {
    sockaddr_storage storage{};
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(kPort);
    const int fd = self.Socket();
    self.Gives(self->bind(fd, reinterpret_cast<sockaddr*>(&storage), sizeof storage), 0);
    self.Equal(self.Name(fd), "0.0.0.0:9999");
  });
}

TEST_F(BindTest, WithReuseaddrTwoSocketsMayBindAndOneMayListen) {
  Alone([](Self& self) {
    const int first = self.Socket();
    const int second = self.Socket();
    for (int fd : {first, second}) {
      self.SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      self.Gives(Bind(self, fd, INADDR_ANY, kPort), 0);
    }
    self.Gives(self->listen(first, 5), 0);
    self.Fails(self->listen(second, 5), EADDRINUSE);
    const int third = self.Socket();
    self.SetOption(third, SOL_SOCKET, SO_REUSEADDR, 1);
    self.Fails(Bind(self, third, INADDR_ANY, kPort), EADDRINUSE);
  });
}

TEST_F(BindTest, ReuseaddrOfOneSocketAloneDoesNotHelp) {
  Alone([](Self& self) {
    self.Gives(Bind(self, self.Socket(), INADDR_ANY, kPort), 0);
    const int second = self.Socket();
    self.SetOption(second, SOL_SOCKET, SO_REUSEADDR, 1);
    self.Fails(Bind(self, second, INADDR_ANY, kPort), EADDRINUSE);
  });
}

// What a server does that is started again: its port after a connection that it or its client closed first.
enum class ClosesFirst { kServer, kClient };
using Restart = std::tuple<ClosesFirst, bool, bool>;  // SO_REUSEADDR of the first server, and of the second

class RestartTest : public BindTest, public ::testing::WithParamInterface<Restart> {};

TEST_P(RestartTest, FindsItsPortFreeOrInTimeWait) {
  const auto [closes_first, reuse_before, reuse_after] = GetParam();
  const bool time_wait = closes_first == ClosesFirst::kServer;
  const bool free = !time_wait || (reuse_before && reuse_after);
  Alone([=](Self& self) {
    const int before = self.Socket();
    self.SetOption(before, SOL_SOCKET, SO_REUSEADDR, reuse_before);
    self.Gives(Bind(self, before, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(before, 5), 0);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(before);
    self.Close(before);
    self.Close(time_wait ? server : client);
    self.ExpectEnd(time_wait ? client : server);
    self.Close(time_wait ? client : server);
    self.process().sleep(20ms);

    const int after = self.Socket();
    self.SetOption(after, SOL_SOCKET, SO_REUSEADDR, reuse_after);
    if (!free) return self.Fails(Bind(self, after, INADDR_ANY, kPort), EADDRINUSE);
    self.Gives(Bind(self, after, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(after, 5), 0);
    self.Connect(kLoopback, kPort);
    self.Accept(after);
  });
}

std::string RestartName(const ::testing::TestParamInfo<Restart>& restart) {
  const auto [closes_first, before, after] = restart.param;
  return std::string(closes_first == ClosesFirst::kServer ? "ServerFirst" : "ClientFirst") +
         (before ? "ReusedBefore" : "") + (after ? "ReusedAfter" : "");
}

INSTANTIATE_TEST_SUITE_P(All, RestartTest,
                         ::testing::Combine(::testing::Values(ClosesFirst::kServer, ClosesFirst::kClient),
                                            ::testing::Bool(), ::testing::Bool()),
                         RestartName);

TEST_F(BindTest, ReusePortServesARestartAsReuseAddressDoes) {
  Alone([](Self& self) {
    const int before = self.Socket();
    self.SetOption(before, SOL_SOCKET, SO_REUSEPORT, 1);
    self.Gives(Bind(self, before, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(before, 5), 0);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(before);
    self.Close(before);
    self.Close(server);
    self.ExpectEnd(client);
    self.Close(client);
    self.process().sleep(20ms);

    const int without = self.Socket();
    self.Fails(Bind(self, without, INADDR_ANY, kPort), EADDRINUSE);
    const int after = self.Socket();
    self.SetOption(after, SOL_SOCKET, SO_REUSEPORT, 1);
    self.Gives(Bind(self, after, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(after, 5), 0);
    self.Connect(kLoopback, kPort);
    self.Accept(after);
  });
}

TEST_F(BindTest, AResetConnectionLeavesThePortFree) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    self.Close(listener);
    self.SetLinger(server, 0);
    self.Close(server);
    self.WaitForEvents(client, POLLIN, POLLIN | POLLERR | POLLHUP);
    self.Gives(Bind(self, self.Socket(), INADDR_ANY, kPort), 0);
  });
}

TEST_F(BindTest, ALiveConnectionKeepsThePortOfAListenerThatIsGone) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    self.Close(listener);
    self.Fails(Bind(self, self.Socket(), INADDR_ANY, kPort), EADDRINUSE);
    self.Close(server);
  });
}

TEST_F(BindTest, ALiveConnectionSharesThePortWhereBothHaveReuseaddr) {
  Alone([](Self& self) {
    const int before = self.Socket();
    self.SetOption(before, SOL_SOCKET, SO_REUSEADDR, 1);
    self.Gives(Bind(self, before, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(before, 5), 0);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(before);
    self.Close(before);
    const int after = self.Socket();
    self.SetOption(after, SOL_SOCKET, SO_REUSEADDR, 1);
    self.Gives(Bind(self, after, INADDR_ANY, kPort), 0);
    self.Gives(self->listen(after, 5), 0);
    self.Send(client, "old");
    self.Equal(self.Receive(server, 3), "old");
    self.Connect(kLoopback, kPort);
    self.Accept(after);
  });
}

TEST_F(BindTest, AConnectionThatThePeerNeverFinishesKeepsThePortForTheHostsTime) {
  const HostId host = AddHost("tuned", {.tcp_fin_timeout = 1});
  const ProcessId server = Start(host, "server", [](Self& self) {
    const int listener = self.Listen(kPort, 5);
    self.Close(self.Accept(listener));
    self.Close(listener);
    const Time before = self.now();
    const int after = self.Socket();
    self.Fails(Bind(self, after, INADDR_ANY, kPort), EADDRINUSE);
    while (Bind(self, after, INADDR_ANY, kPort) != 0 && self.now() < before + 20s) self.process().sleep(10ms);
    self.Between(self.now() - before, 900ms, 1200ms);
  });
  ASSERT_TRUE(WaitUntilListening(host, kPort));
  Start(client_, "client", [this, host](Self& self) {
    self.ExpectEnd(self.Connect(address(host), kPort));
    self.PassGate(1);
  });
  ASSERT_TRUE(WaitForExit(server));
  ASSERT_TRUE(Open(client_, 1));
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
