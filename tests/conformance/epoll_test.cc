// What epoll tells of the descriptors on its list, how often, and in which order.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <climits>
#include <initializer_list>
#include <utility>
#include <vector>

#include "tests/conformance/epoll.h"

namespace conformance {
namespace {

class EpollTest : public ConformanceTest {};

TEST_F(EpollTest, TellsWhatCanBeReadAsLongAsItCan) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN);
    epoll.TellsNothing();
    self.Send(client, "ab");
    epoll.Tells({{server, EPOLLIN}}, 16, -1);
    epoll.Tells({{server, EPOLLIN}});
    self.Receive(server, 2);
    epoll.TellsNothing();
  });
}

TEST_F(EpollTest, TellsWhatWasThereBefore) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Write(self, pipe.in);
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN);
    epoll.Add(pipe.in, EPOLLOUT);
    epoll.Tells({{pipe.out, EPOLLIN}, {pipe.in, EPOLLOUT}});
  });
}

TEST_F(EpollTest, GivesItsDataBack) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    const int epoll = self.Ok(self->epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{EPOLLOUT, {.u64 = 0x123456789abcdef0}};
    self.Gives(self->epoll_ctl(epoll, EPOLL_CTL_ADD, pipe.in, &event), 0);
    event = {};
    self.Gives(self->epoll_wait(epoll, &event, 1, -1), 1);
    self.True(event.data.u64 == 0x123456789abcdef0, "all of the data is kept");
    self.Equal(event.events, EPOLLOUT);
  });
}

TEST_F(EpollTest, AWaitEndsWithAnEvent) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.process().sleep(20ms);
    self.Send(fd, "x");
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    Epoll epoll(self);
    epoll.Add(fd, EPOLLIN);
    epoll.Tells({{fd, EPOLLIN}}, 1, -1);
    self.Receive(fd, 1);
    const Time before = self.now();
    epoll.Tells({}, 1, 20);
    self.Between(self.now() - before, 20ms, 25ms);
    epoll_event event;
    const timespec limit{0, 2'500'000};
    const Time then = self.now();
    self.Gives(self->epoll_pwait2(epoll.fd(), &event, 1, &limit, nullptr), 0);
    self.Between(self.now() - then, 2500us, 5ms);
    self.Gives(self->epoll_pwait(epoll.fd(), &event, 1, 0, nullptr), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(EpollTest, ErrorsAndHangUpsAreToldUnasked) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, 0);
    epoll.TellsNothing();
    self.SetLinger(client, 0);
    self.Close(client);
    self.WaitForEvents(server, 0, POLLERR | POLLHUP);
    epoll.Tells({{server, EPOLLERR | EPOLLHUP}});
    epoll.Modify(server, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    epoll.Tells({{server, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP}});
    const int unconnected = self.Socket();
    Epoll other(self);
    other.Add(unconnected, EPOLLIN | EPOLLOUT);
    other.Tells({{unconnected, EPOLLOUT | EPOLLHUP}});
  });
}

TEST_F(EpollTest, ThePeersEndIsToldWhereItIsAskedFor) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLRDHUP);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    epoll.Tells({{server, EPOLLRDHUP}}, 16, -1);
    epoll.Modify(server, EPOLLIN);
    epoll.Tells({{server, EPOLLIN}});
    epoll.Modify(server, 0);
    epoll.TellsNothing();
  });
}

TEST_F(EpollTest, AListenerIsReadableWhereAClientWaits) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    Epoll epoll(self);
    epoll.Add(listener, EPOLLIN | EPOLLOUT);
    epoll.TellsNothing();
    self.Connect(kLoopback, kPort);
    self.Connect(kLoopback, kPort);
    epoll.Tells({{listener, EPOLLIN}}, 16, -1);
    self.Accept(listener);
    epoll.Tells({{listener, EPOLLIN}}, 16, -1);
    self.Accept(listener);
    epoll.TellsNothing();
  });
}

TEST_F(EpollTest, ConnectingEndsInAnEvent) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    self.ExpectEnd(fd);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.BeginConnect(address(server_), kPort);
    const int refused = self.BeginConnect(address(server_), kPort + 1);
    for (const uint32_t edge : {0u, kEdge}) {
      Epoll epoll(self);
      epoll.Add(fd, EPOLLIN | EPOLLOUT | edge);
      epoll.Tells({{fd, EPOLLOUT}}, 1, -1);
      Epoll other(self);
      other.Add(refused, EPOLLIN | EPOLLOUT | edge);
      other.Tells({{refused, EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP}}, 1, -1);
    }
    self.Equal(self.TakeError(fd), 0);
    self.Equal(self.TakeError(refused), ECONNREFUSED);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(EpollTest, EntriesAreOfADescriptorAndItsFile) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    const int duplicate = self.Ok(self->dup(pipe.out));
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN);
    self.Fails(epoll.Control(EPOLL_CTL_ADD, pipe.out, EPOLLIN), EEXIST);
    epoll.Add(duplicate, EPOLLIN);
    Write(self, pipe.in);
    // Of those that one event concerns, the entry that was made last comes first.
    epoll.Tells({{duplicate, EPOLLIN}, {pipe.out, EPOLLIN}});
    epoll.Delete(duplicate);
    epoll.Tells({{pipe.out, EPOLLIN}});
    // The number may come to stand for another file.
    const Pipe other(self);
    self.Gives(self->dup2(other.out, pipe.out), pipe.out);
    epoll.Tells({{pipe.out, EPOLLIN}});
    self.Fails(epoll.Control(EPOLL_CTL_MOD, pipe.out, EPOLLIN), ENOENT);
    epoll.Add(pipe.out, EPOLLIN);
    Write(self, other.in);
    epoll.Tells({{pipe.out, EPOLLIN}, {pipe.out, EPOLLIN}});
  });
}

TEST_F(EpollTest, AnEntryStaysUntilTheLastDuplicateIsClosed) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    const int duplicate = self.Ok(self->dup(pipe.out));
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN);
    Write(self, pipe.in);
    self.Close(pipe.out);
    epoll.Tells({{pipe.out, EPOLLIN}});
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, pipe.out, nullptr), EBADF);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, duplicate, nullptr), ENOENT);
    self.Close(duplicate);
    epoll.TellsNothing();
    self.Equal(self.Poll(epoll.fd(), POLLIN, 0), 0);
  });
}

TEST_F(EpollTest, DuplicatesShareTheList) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self);
    const int duplicate = self.Ok(self->dup(epoll.fd()));
    epoll.Add(pipe.in, EPOLLOUT);
    epoll_event event;
    self.Gives(self->epoll_wait(duplicate, &event, 1, 0), 1);
    self.Close(epoll.fd());
    self.Gives(self->epoll_wait(duplicate, &event, 1, 0), 1);
    self.Fails(self->epoll_wait(epoll.fd(), &event, 1, 0), EBADF);
  });
}

TEST_F(EpollTest, WhatCameFirstIsToldFirst) {
  Alone([](Self& self) {
    const Pipe a(self), b(self), c(self);
    Epoll epoll(self);
    for (const Pipe* pipe : {&a, &b, &c}) epoll.Add(pipe->out, EPOLLIN);
    for (const Pipe* pipe : {&c, &a, &b}) Write(self, pipe->in);
    epoll.Tells({{c.out, EPOLLIN}, {a.out, EPOLLIN}, {b.out, EPOLLIN}});
    // More for one that has been told doesn't change its place.
    Write(self, b.in);
    epoll.Tells({{c.out, EPOLLIN}, {a.out, EPOLLIN}, {b.out, EPOLLIN}});
    Read(self, c.out);
    epoll.Tells({{a.out, EPOLLIN}, {b.out, EPOLLIN}});
    Write(self, c.in);
    epoll.Tells({{a.out, EPOLLIN}, {b.out, EPOLLIN}, {c.out, EPOLLIN}});
  });
}

TEST_F(EpollTest, WhereThereIsRoomForFewTheyTakeTurns) {
  Alone([](Self& self) {
    const Pipe a(self), b(self), c(self);
    Epoll epoll(self);
    for (const Pipe* pipe : {&a, &b, &c}) epoll.Add(pipe->out, EPOLLIN);
    for (const Pipe* pipe : {&a, &b, &c}) Write(self, pipe->in);
    epoll.Tells({{a.out, EPOLLIN}, {b.out, EPOLLIN}}, 2);
    epoll.Tells({{c.out, EPOLLIN}, {a.out, EPOLLIN}}, 2);
    epoll.Tells({{b.out, EPOLLIN}}, 1);
    epoll.Tells({{c.out, EPOLLIN}}, 1);
    epoll.Tells({{a.out, EPOLLIN}, {b.out, EPOLLIN}, {c.out, EPOLLIN}}, 3);
  });
}

TEST_F(EpollTest, OneShotTellsOnceUntilItIsModified) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN | EPOLLONESHOT);
    Write(self, pipe.in);
    epoll.Tells({{pipe.out, EPOLLIN}});
    epoll.TellsNothing();
    Write(self, pipe.in);
    epoll.TellsNothing();
    // Not even the end is told.
    self.Close(pipe.in);
    epoll.TellsNothing();
    epoll.Modify(pipe.out, EPOLLIN | EPOLLONESHOT);
    epoll.Tells({{pipe.out, EPOLLIN | EPOLLHUP}});
    epoll.TellsNothing();
    self.Fails(epoll.Control(EPOLL_CTL_ADD, pipe.out, EPOLLIN), EEXIST);
  });
}

TEST_F(EpollTest, Misuse) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self);
    epoll_event event{EPOLLIN, {}};
    self.Fails(self->epoll_create1(1), EINVAL);
    self.Fails(self->epoll_ctl(77, EPOLL_CTL_ADD, pipe.out, &event), EBADF);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, 77, &event), EBADF);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, -1, &event), EBADF);
    self.Fails(self->epoll_ctl(pipe.in, EPOLL_CTL_ADD, pipe.out, &event), EINVAL);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, epoll.fd(), &event), EINVAL);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, pipe.out, nullptr), EFAULT);
    self.Fails(self->epoll_ctl(epoll.fd(), 99, pipe.out, &event), EINVAL);
    self.Fails(self->epoll_ctl(epoll.fd(), 99, pipe.out, nullptr), EFAULT);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_MOD, pipe.out, &event), ENOENT);
    self.Fails(self->epoll_ctl(epoll.fd(), EPOLL_CTL_DEL, pipe.out, nullptr), ENOENT);
    self.Fails(self->epoll_wait(77, &event, 1, 0), EBADF);
    self.Fails(self->epoll_wait(pipe.in, &event, 1, 0), EINVAL);
    self.Fails(self->epoll_wait(epoll.fd(), &event, 0, 0), EINVAL);
    self.Fails(self->epoll_wait(epoll.fd(), &event, -1, 0), EINVAL);
    self.Fails(self->epoll_wait(epoll.fd(), &event, INT_MAX, 0), EINVAL);
    self.Fails(self->epoll_wait(77, &event, -1, 0), EBADF);
    self.Gives(self->epoll_wait(epoll.fd(), nullptr, 1, 0), 0);
    epoll.Add(pipe.in, EPOLLOUT);
    self.Fails(self->epoll_wait(epoll.fd(), nullptr, 1, 0), EFAULT);
    epoll.Tells({{pipe.in, EPOLLOUT}});
    const timespec backwards{-1, 0};
    self.Fails(self->epoll_pwait2(epoll.fd(), &event, 1, &backwards, nullptr), EINVAL);
    const timespec too_fine{0, 1'000'000'000};
    self.Fails(self->epoll_pwait2(epoll.fd(), &event, 1, &too_fine, nullptr), EINVAL);
  });
}

TEST_F(EpollTest, IsNoFileToReadAndNoSocket) {
  Alone([](Self& self) {
    Epoll epoll(self);
    char byte = 'x';
    self.Fails(self->read(epoll.fd(), &byte, 1), EINVAL);
    self.Fails(self->read(epoll.fd(), &byte, 0), EINVAL);
    self.Fails(self->write(epoll.fd(), &byte, 1), EINVAL);
    self.Fails(self->write(epoll.fd(), &byte, 0), EINVAL);
    self.Fails(self->send(epoll.fd(), &byte, 1, 0), ENOTSOCK);
    self.Fails(self->listen(epoll.fd(), 1), ENOTSOCK);
    int value = 0;
    self.Fails(self->ioctl(epoll.fd(), FIONREAD, &value), EINVAL);
    self.Gives(self->fcntl(epoll.fd(), F_GETFL, 0), O_RDWR);
    self.Gives(self->fcntl(epoll.fd(), F_GETFD, 0), 0);
    self.Gives(self->fcntl(self.Ok(self->epoll_create1(EPOLL_CLOEXEC)), F_GETFD, 0), FD_CLOEXEC);
  });
}

}  // namespace
}  // namespace conformance
