// SO_REUSEPORT: several listeners on one port.

#include <algorithm>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class ReusePortTest : public ConformanceTest {};

int Bound(Self& self, uint16_t port, bool reuse = true) {
  const int fd = self.Socket();
  self.SetOption(fd, SOL_SOCKET, SO_REUSEPORT, reuse);
  self.Gives(self->bind(fd, At(INADDR_ANY, port), At::kLength), 0);
  return fd;
}

int Listener(Self& self, uint16_t port) {
  const int fd = Bound(self, port);
  self.Gives(self->listen(fd, 100), 0);
  self.SetNonBlocking(fd);
  return fd;
}

int Waiting(Self& self, int listener) {
  int waiting = 0;
  while (self->accept(listener, nullptr, nullptr) >= 0) ++waiting;
  return waiting;
}

TEST_F(ReusePortTest, ListenersShareThePortAndTheClientsAreSpreadOverThem) {
  Alone([](Self& self) {
    const int first = Listener(self, kPort);
    const int second = Listener(self, kPort);
    constexpr int kClients = 60;
    for (int i = 0; i < kClients; ++i) self.Connect(kLoopback, kPort);
    self.process().sleep(20ms);
    const int at_first = Waiting(self, first);
    const int at_second = Waiting(self, second);
    self.Equal(at_first + at_second, kClients);
    // One in two thousand million draws would be more one-sided than this.
    self.True(std::min(at_first, at_second) > 5, "both have clients");
  });
}

TEST_F(ReusePortTest, ProcessesShareThePortToo) {
  constexpr int kClients = 40;
  for (const char* name : {"one", "other"}) {
    const ProcessId server = Start(server_, name, [](Self& self) {
      const int listener = Bound(self, kPort);
      self.Gives(self->listen(listener, 100), 0);
      self.Report("listens");
      const int fd = self.Accept(listener);
      self.Send(fd, "hello");
      self.ReceiveAll(fd);
    });
    ASSERT_TRUE(WaitForReport(server, "listens"));
  }
  Start(client_, "client", [this](Self& self) {
    std::vector<int> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(self.Connect(address(server_), kPort));
    int greeted = 0;
    char bytes[5];
    const Time limit = self.now() + 10s;
    while (greeted < 2 && self.now() < limit) {
      self.process().sleep(1ms);
      for (int fd : clients) greeted += self->recv(fd, bytes, 5, MSG_DONTWAIT) == 5;
    }
    self.Equal(greeted, 2);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(ReusePortTest, OneThatHasNotSetItKeepsTheOthersOut) {
  Alone([](Self& self) {
    const int plain = Bound(self, kPort, false);
    const int sharing = self.Socket();
    self.SetOption(sharing, SOL_SOCKET, SO_REUSEPORT, 1);
    self.Fails(self->bind(sharing, At(INADDR_ANY, kPort), At::kLength), EADDRINUSE);
    self.Close(plain);
    self.Gives(self->bind(sharing, At(INADDR_ANY, kPort), At::kLength), 0);
    self.Fails(self->bind(self.Socket(), At(INADDR_ANY, kPort), At::kLength), EADDRINUSE);
  });
}

TEST_F(ReusePortTest, ClosingOneListenerResetsItsOwnClientsAlone) {
  Alone([](Self& self) {
    const int first = Listener(self, kPort);
    const int second = Listener(self, kPort);
    constexpr int kClients = 40;
    std::vector<int> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(self.Connect(kLoopback, kPort));
    self.process().sleep(20ms);
    const int at_second = Waiting(self, second);
    self.Close(first);
    self.process().sleep(20ms);
    int reset = 0;
    for (int fd : clients) reset += self.TakeError(fd) == ECONNRESET;
    self.Equal(reset, kClients - at_second);
    for (int i = 0; i < 10; ++i) self.Connect(kLoopback, kPort);
    self.process().sleep(20ms);
    self.Equal(Waiting(self, second), 10);
  });
}

TEST_F(ReusePortTest, TheListenerOfAnAddressGoesBeforeThoseOfAll) {
  Alone([](Self& self) {
    const int any = Listener(self, kPort);
    const int own = self.Socket();
    self.SetOption(own, SOL_SOCKET, SO_REUSEPORT, 1);
    self.Gives(self->bind(own, At(kLoopback, kPort), At::kLength), 0);
    self.Gives(self->listen(own, 100), 0);
    self.SetNonBlocking(own);
    for (int i = 0; i < 10; ++i) self.Connect(kLoopback, kPort);
    self.process().sleep(20ms);
    self.Equal(Waiting(self, any), 0);
    self.Equal(Waiting(self, own), 10);
  });
}

}  // namespace
}  // namespace conformance
