// What poll, select and epoll say of urgent data.

#include <sys/epoll.h>

#include "tests/conformance/urgent.h"

namespace conformance {
namespace {

class UrgentPollTest : public ConformanceTest {};

TEST_F(UrgentPollTest, AByteAloneIsUrgentAndNotReadable) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "a");
    self.Equal(self.Poll(server, kAllEvents, 0), POLLPRI);
    self.Equal(Get(self, server, 1, MSG_OOB), "a");
    self.Equal(self.Poll(server, kAllEvents, 0), 0);
    self.Send(client, "b");
    self.WaitForEvents(server, kAllEvents, POLLIN | POLLRDNORM);
  });
}

// Ahead of the mark the urgent byte counts.
TEST_F(UrgentPollTest, TheLeastToReceiveIsCountedBeyondTheMark) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(server, SOL_SOCKET, SO_RCVLOWAT, 3);
    SendUrgent(self, client, server, "ab");
    self.Equal(self.Poll(server, kAllEvents, 0), POLLPRI);
    self.Send(client, "c");
    self.WaitForEvents(server, kAllEvents, POLLPRI | POLLIN | POLLRDNORM);
    self.Equal(Get(self, server, 1), "a");
    self.Equal(self.Poll(server, kAllEvents, 0), POLLPRI);
  });
}

TEST_F(UrgentPollTest, SelectFindsItExceptional) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->send(client, "a", 1, MSG_OOB), 1);
    fd_set readable;
    fd_set exceptional;
    FD_ZERO(&readable);
    FD_ZERO(&exceptional);
    FD_SET(server, &readable);
    FD_SET(server, &exceptional);
    timeval limit{30, 0};
    self.Gives(self->select(server + 1, &readable, nullptr, &exceptional, &limit), 1);
    self.True(!FD_ISSET(server, &readable), "not readable");
    self.True(FD_ISSET(server, &exceptional), "exceptional");
    self.Equal(Get(self, server, 1, MSG_OOB), "a");
    FD_SET(server, &exceptional);
    limit = {0, 0};
    self.Gives(self->select(server + 1, nullptr, nullptr, &exceptional, &limit), 0);
  });
}

int AddToEpoll(Self& self, int fd, uint32_t events) {
  const int epoll = self.Ok(self->epoll_create1(0));
  epoll_event event{events, {.fd = fd}};
  self.Gives(self->epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
  return epoll;
}

uint32_t WaitOnEpoll(Self& self, int epoll, int timeout_ms) {
  epoll_event event{};
  return self.Ok(self->epoll_wait(epoll, &event, 1, timeout_ms)) == 1 ? event.events : 0;
}

TEST_F(UrgentPollTest, EpollTellsAsLongAsItIsThere) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int epoll = AddToEpoll(self, server, EPOLLPRI | EPOLLIN);
    self.Gives(self->send(client, "a", 1, MSG_OOB), 1);
    self.Equal(WaitOnEpoll(self, epoll, 30'000), EPOLLPRI);
    self.Equal(WaitOnEpoll(self, epoll, 0), EPOLLPRI);
    self.Equal(Get(self, server, 1, MSG_OOB), "a");
    self.Equal(WaitOnEpoll(self, epoll, 0), 0);
  });
}

TEST_F(UrgentPollTest, AnEdgeIsToldOnce) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int epoll = AddToEpoll(self, server, EPOLLPRI | EPOLLIN | EPOLLET);
    SendUrgent(self, client, server, "a");
    self.Equal(WaitOnEpoll(self, epoll, 30'000), EPOLLPRI);
    self.Equal(WaitOnEpoll(self, epoll, 0), 0);
    self.Send(client, "b");
    WaitForBytes(self, server, 1);
    self.Equal(WaitOnEpoll(self, epoll, 30'000), EPOLLPRI | EPOLLIN);
    self.Equal(WaitOnEpoll(self, epoll, 0), 0);
  });
}

// Who waits for nothing else is woken too.
TEST_F(UrgentPollTest, ItsArrivalWakesWhoWaitsForItAlone) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.Equal(self.Poll(fd, POLLPRI, 30'000), POLLPRI);
    char byte;
    self.Gives(self->recv(fd, &byte, 1, MSG_OOB), 1);
    const int epoll = AddToEpoll(self, fd, EPOLLPRI);
    self.Equal(WaitOnEpoll(self, epoll, 30'000), EPOLLPRI);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.process().sleep(50ms);
    self.Gives(self->send(fd, "a", 1, MSG_OOB), 1);
    self.process().sleep(50ms);
    self.Gives(self->send(fd, "b", 1, MSG_OOB), 1);
    char byte;
    self->recv(fd, &byte, 1, 0);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
