// EPOLLEXCLUSIVE, and epoll descriptors on the lists of others.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <climits>
#include <initializer_list>
#include <utility>
#include <vector>

#include "tests/conformance/epoll.h"

namespace conformance {
namespace {

class ExclusiveTest : public ConformanceTest {};

TEST_F(ExclusiveTest, TellsAsOthersDo) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN | EPOLLEXCLUSIVE);
    Write(self, pipe.in);
    epoll.Tells({{pipe.out, EPOLLIN}});
    epoll.Tells({{pipe.out, EPOLLIN}});
  });
}

TEST_F(ExclusiveTest, WhereNobodyWaitsAllAreTold) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll first(self), second(self);
    first.Add(pipe.out, EPOLLIN | EPOLLEXCLUSIVE);
    second.Add(pipe.out, EPOLLIN | EPOLLEXCLUSIVE);
    Write(self, pipe.in);
    first.Tells({{pipe.out, EPOLLIN}});
    second.Tells({{pipe.out, EPOLLIN}});
  });
}

TEST_F(ExclusiveTest, Misuse) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self), other(self);
    self.Fails(epoll.Control(EPOLL_CTL_ADD, pipe.out, EPOLLIN | EPOLLRDHUP | EPOLLEXCLUSIVE), EINVAL);
    self.Fails(epoll.Control(EPOLL_CTL_ADD, pipe.out, EPOLLIN | EPOLLONESHOT | EPOLLEXCLUSIVE), EINVAL);
    self.Fails(epoll.Control(EPOLL_CTL_ADD, other.fd(), EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    self.Fails(epoll.Control(EPOLL_CTL_MOD, pipe.out, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    epoll.Add(pipe.out, EPOLLIN | EPOLLEXCLUSIVE | kEdge);
    self.Fails(epoll.Control(EPOLL_CTL_MOD, pipe.out, EPOLLIN), EINVAL);
    self.Fails(epoll.Control(EPOLL_CTL_MOD, pipe.out, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
    epoll.Delete(pipe.out);
  });
}

class NestedEpollTest : public ConformanceTest {};

TEST_F(NestedEpollTest, AnEpollIsReadableWhereItHasEvents) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll inner(self), outer(self);
    inner.Add(pipe.out, EPOLLIN);
    outer.Add(inner.fd(), EPOLLIN);
    self.Equal(self.Poll(inner.fd(), POLLIN | POLLOUT, 0), 0);
    outer.TellsNothing();
    Write(self, pipe.in);
    self.Equal(self.Poll(inner.fd(), POLLIN | POLLOUT | POLLRDNORM, 0), POLLIN | POLLRDNORM);
    self.Equal(self.Poll(outer.fd(), POLLIN, 0), POLLIN);
    outer.Tells({{inner.fd(), EPOLLIN}});
    outer.Tells({{inner.fd(), EPOLLIN}});
    inner.Tells({{pipe.out, EPOLLIN}});
    Read(self, pipe.out);
    outer.TellsNothing();
    inner.TellsNothing();
  });
}

TEST_F(NestedEpollTest, EdgesGoThrough) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll inner(self), outer(self);
    inner.Add(pipe.out, EPOLLIN);
    outer.Add(inner.fd(), EPOLLIN | kEdge);
    Write(self, pipe.in);
    outer.Tells({{inner.fd(), EPOLLIN}});
    outer.TellsNothing();
    Write(self, pipe.in);
    outer.Tells({{inner.fd(), EPOLLIN}});
    outer.TellsNothing();
  });
}

TEST_F(NestedEpollTest, AClosedOneLeavesTheListItIsOn) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll inner(self), outer(self);
    inner.Add(pipe.in, EPOLLOUT);
    outer.Add(inner.fd(), EPOLLIN);
    outer.Tells({{inner.fd(), EPOLLIN}});
    self.Close(inner.fd());
    outer.TellsNothing();
    Write(self, pipe.in);
  });
}

TEST_F(NestedEpollTest, FiveMayStandAboveEachOther) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    std::vector<Epoll> chain;
    for (int i = 0; i < 6; ++i) chain.emplace_back(self);
    for (size_t i = 0; i < 4; ++i) chain[i].Add(chain[i + 1].fd(), EPOLLIN);
    chain[4].Add(pipe.out, EPOLLIN);
    self.Fails(chain[4].Control(EPOLL_CTL_ADD, chain[5].fd(), EPOLLIN), ELOOP);
    self.Fails(chain[5].Control(EPOLL_CTL_ADD, chain[0].fd(), EPOLLIN), ELOOP);
    chain[5].Add(chain[1].fd(), EPOLLIN);
    Write(self, pipe.in);
    for (size_t i = 0; i < 4; ++i) chain[i].Tells({{chain[i + 1].fd(), EPOLLIN}});
    chain[5].Tells({{chain[1].fd(), EPOLLIN}});
  });
}

TEST_F(NestedEpollTest, TheyMakeNoCircle) {
  Alone([](Self& self) {
    Epoll a(self), b(self), c(self);
    a.Add(b.fd(), EPOLLIN);
    b.Add(c.fd(), EPOLLIN);
    self.Fails(c.Control(EPOLL_CTL_ADD, a.fd(), EPOLLIN), ELOOP);
    self.Fails(b.Control(EPOLL_CTL_ADD, a.fd(), EPOLLIN), ELOOP);
    a.Delete(b.fd());
    c.Add(a.fd(), EPOLLIN);
  });
}

}  // namespace
}  // namespace conformance
