// Waiting for datagrams, time limits, and the room that there is for those that nobody receives.

#include <sys/ioctl.h>

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramWaitTest : public ConformanceTest {};

// How many wait to be received; takes them.
int Drain(Self& self, int fd) {
  int count = 0;
  std::string bytes(70'000, '\0');
  ssize_t received;
  while ((received = self->recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT)) >= 0) ++count;
  self.Fails(received, EAGAIN);
  return count;
}

TEST_F(DatagramWaitTest, AReceiveWaitsForOne) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Bind(kPort);
    const Time before = self.now();
    self.ExpectDatagram(fd, "late");
    self.Between(self.now() - before, 0ms, 10s);
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.process().sleep(30ms);
    self.SendTo(self.Datagram(), "late", address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramWaitTest, ATimeoutGivesEagain) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    char byte;
    const Time before = self.now();
    self.Fails(self->recv(fd, &byte, 1, 0), EAGAIN);
    self.Fails(self->recvfrom(fd, &byte, 1, 0, nullptr, nullptr), EAGAIN);
    self.Between(self.now() - before, 90ms, 120ms);
    self.SendTo(fd, "x", kLoopback, kPort);
    self.ExpectDatagram(fd, "x");
  });
}

TEST_F(DatagramWaitTest, ANonBlockingReceiveGivesEagain) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    self.SetNonBlocking(fd);
    char byte;
    iovec buffer{&byte, 1};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    self.Fails(self->recv(fd, &byte, 1, 0), EAGAIN);
    self.Fails(self->read(fd, &byte, 1), EAGAIN);
    self.Fails(self->recvmsg(fd, &message, 0), EAGAIN);
    self.SendTo(fd, "x", kLoopback, kPort);
    self.Gives(self->recv(fd, &byte, 1, 0), 1);
  });
}

TEST_F(DatagramWaitTest, AnUnboundSocketWaitsToo) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    char byte;
    self.Fails(self->recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
    self.Equal(self.Name(fd), "0.0.0.0:0");
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT);
  });
}

TEST_F(DatagramWaitTest, ThereIsAlwaysRoomToSend) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    const int fd = self.Datagram();
    self.SetOption(fd, SOL_SOCKET, SO_SNDBUF, 1);
    self.SetNonBlocking(fd);
    const std::string bytes = Numbered(60'000);
    for (int i = 0; i < 20; ++i) self.SendTo(fd, bytes, kLoopback, kPort);
    constexpr int kAsked = POLLOUT | POLLWRNORM | POLLWRBAND | POLLIN;
    self.Equal(self.Poll(fd, kAsked, 0), POLLOUT | POLLWRNORM | POLLWRBAND);
    self.Equal(self.Poll(server, POLLIN | POLLRDNORM | POLLRDBAND | POLLPRI, 0), POLLIN | POLLRDNORM);
  });
}

TEST_F(DatagramWaitTest, PollWakesWhenOneArrives) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Bind(kPort);
    self.Equal(self.Poll(fd, POLLIN, -1), POLLIN);
    self.ExpectDatagram(fd, "hello");
    self.Equal(self.Poll(fd, POLLIN, 0), 0);
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) { self.SendTo(self.Datagram(), "hello", address(server_), kPort); });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramWaitTest, SelectFindsWhatHasArrivedAndWhatHasFailed) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    const int quiet = self.Bind(kPort + 1);
    const int failed = self.Datagram();
    self.Gives(self->connect(failed, At(kLoopback, kPort + 2), At::kLength), 0);
    self.Send(failed, "x");
    self.SendTo(quiet, "x", kLoopback, kPort);
    fd_set readable, writable;
    FD_ZERO(&readable);
    for (int fd : {server, quiet, failed}) FD_SET(fd, &readable);
    writable = readable;
    timeval none{0, 0};
    self.Gives(self->select(failed + 1, &readable, &writable, nullptr, &none), 5);
    self.True(FD_ISSET(server, &readable) && FD_ISSET(failed, &readable) && !FD_ISSET(quiet, &readable),
              "the ready and the failed one are readable");
  });
}

TEST_F(DatagramWaitTest, WhatDoesNotFitIsDropped) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    const int fd = self.Datagram();
    self.Equal(self.Option(server, SOL_SOCKET, SO_RCVBUF), 212'992);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_SNDBUF), 212'992);
    for (int i = 0; i < 300; ++i) self.SendTo(fd, std::to_string(i), kLoopback, kPort);
    // 832 bytes each, by the kernel's book-keeping.
    for (int i = 0; i < 256; ++i) self.ExpectDatagram(server, std::to_string(i));
    self.ExpectNone(server);
    self.SendTo(fd, "again", kLoopback, kPort);
    self.ExpectDatagram(server, "again");
  });
}

TEST_F(DatagramWaitTest, TheBufferCountsMemoryAndNotBytes) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    const std::pair<size_t, int> cases[] = {{0, 256},      {197, 256},    {198, 166},    {1'472, 92}, {1'670, 48},
                                            {4'000, 25},   {9'000, 12},   {20'000, 10},  {65'507, 3}};
    for (const auto& [length, most] : cases) {
      const int server = self.Bind(kPort);
      for (int i = 0; i < 300; ++i) self.SendTo(fd, std::string(length, 'x'), kLoopback, kPort);
      self.Equal(Drain(self, server), most);
      self.Close(server);
    }
  });
}

TEST_F(DatagramWaitTest, ASmallBufferHoldsFew) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    for (const auto& [asked, size, most] : {std::tuple{0, 2'304, 2}, {2'304, 4'608, 5}, {5'000, 10'000, 12}}) {
      const int server = self.Bind(kPort);
      self.SetOption(server, SOL_SOCKET, SO_RCVBUF, asked);
      self.Equal(self.Option(server, SOL_SOCKET, SO_RCVBUF), size);
      for (int i = 0; i < 50; ++i) self.SendTo(fd, "x", kLoopback, kPort);
      self.Equal(Drain(self, server), most);
      self.Close(server);
    }
  });
}

TEST_F(DatagramWaitTest, OneAlwaysFits) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    const int server = self.Bind(kPort);
    self.SetOption(server, SOL_SOCKET, SO_RCVBUF, 0);
    self.SendTo(fd, Numbered(65'507), kLoopback, kPort);
    self.SendTo(fd, "x", kLoopback, kPort);
    self.ExpectDatagram(server, Numbered(65'507));
    self.ExpectNone(server);
  });
}

TEST_F(DatagramWaitTest, RoomIsGivenBackInBatches) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    const int server = self.Bind(kPort);
    for (int i = 0; i < 256; ++i) self.SendTo(fd, "x", kLoopback, kPort);
    self.ExpectDatagram(server, "x");
    self.SendTo(fd, "lost", kLoopback, kPort);
    // A quarter of the buffer.
    for (int i = 0; i < 63; ++i) self.ExpectDatagram(server, "x");
    self.SendTo(fd, "kept", kLoopback, kPort);
    for (int i = 0; i < 192; ++i) self.ExpectDatagram(server, "x");
    self.ExpectDatagram(server, "kept");
    self.ExpectNone(server);
  });
}

TEST_F(DatagramWaitTest, WhatComesFromAnotherHostIsCountedLikewise) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Bind(kPort);
    self.SetOption(fd, SOL_SOCKET, SO_RCVBUF, 40'000);
    self.ExpectDatagram(self.Bind(kPort + 1), "done");
    self.Equal(Drain(self, fd), 6);
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort + 1));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    for (int i = 0; i < 50; ++i) self.SendTo(fd, Numbered(9'000), address(server_), kPort);
    self.SendTo(fd, "done", address(server_), kPort + 1);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
