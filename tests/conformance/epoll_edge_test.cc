// Edge-triggered epoll: what is news, and what is none.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <climits>
#include <initializer_list>
#include <utility>
#include <vector>

#include "tests/conformance/epoll.h"

namespace conformance {
namespace {

class EdgeTest : public ConformanceTest {};

TEST_F(EdgeTest, TellsEachArrivalOnce) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN | kEdge);
    epoll.TellsNothing();
    self.Send(client, "a");
    epoll.Tells({{server, EPOLLIN}}, 16, -1);
    epoll.TellsNothing();
    // Whether it was read doesn't matter.
    self.Send(client, "b");
    epoll.Tells({{server, EPOLLIN}}, 16, -1);
    epoll.TellsNothing();
    self.Receive(server, 1);
    epoll.TellsNothing();
    self.Receive(server, 1);
    self.Send(client, "c");
    epoll.Tells({{server, EPOLLIN}}, 16, -1);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, TellsWhatWasThereBefore) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "a");
    self.Poll(server, POLLIN, -1);
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN | EPOLLOUT | kEdge);
    epoll.Tells({{server, EPOLLIN | EPOLLOUT}});
    epoll.TellsNothing();
    epoll.Modify(server, EPOLLIN | EPOLLOUT | kEdge);
    epoll.Tells({{server, EPOLLIN | EPOLLOUT}});
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, AnArrivalTellsThatItCanBeWrittenToo) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN | EPOLLOUT | EPOLLRDHUP | kEdge);
    epoll.Tells({{server, EPOLLOUT}});
    epoll.TellsNothing();
    self.Send(client, "a");
    epoll.Tells({{server, EPOLLIN | EPOLLOUT}}, 16, -1);
    epoll.TellsNothing();
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    epoll.Tells({{server, EPOLLIN | EPOLLOUT | EPOLLRDHUP}}, 16, -1);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, WhatWasReadMeanwhileIsNotTold) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN | kEdge);
    self.Send(client, "a");
    self.Receive(server, 1);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, AcknowledgementsOfWhatWasSentTellNothing) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(client, EPOLLIN | EPOLLOUT | kEdge);
    epoll.Tells({{client, EPOLLOUT}});
    self.Send(client, "a");
    self.Receive(server, 1);
    self.process().sleep(100ms);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, SpaceIsToldWhereItWasMissing) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(client);
    self.SetNonBlocking(server);
    Epoll epoll(self);
    epoll.Add(client, EPOLLOUT | kEdge);
    epoll.Tells({{client, EPOLLOUT}});
    std::string bytes(1'000'000, 'x');
    do {
      while (self->send(client, bytes.data(), bytes.size(), 0) > 0) continue;
    } while (self.Poll(client, POLLOUT, 100) != 0);
    const Time limit = self.now() + 10s;
    while (self.Poll(client, POLLOUT, 0) == 0 && self.now() < limit) {
      self->recv(server, bytes.data(), bytes.size(), 0);
      self.Poll(server, POLLIN, 1);
    }
    epoll.Tells({{client, EPOLLOUT}}, 16, -1);
    epoll.TellsNothing();
  });
}

// Who sends until something is left over need not ask for EAGAIN first.
TEST_F(EdgeTest, SpaceIsToldWhereASendTookAPart) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(client);
    self.SetNonBlocking(server);
    Epoll epoll(self);
    epoll.Add(client, EPOLLOUT | kEdge);
    epoll.Tells({{client, EPOLLOUT}});
    std::string bytes(16'000'000, 'x');
    const long taken = self->send(client, bytes.data(), bytes.size(), 0);
    self.True(taken > 0 && taken < static_cast<long>(bytes.size()), "a part fits");
    long received = 0;
    while (received < taken) {
      self.Poll(server, POLLIN, -1);
      received += self.Ok(self->recv(server, bytes.data(), bytes.size(), 0));
    }
    epoll.Tells({{client, EPOLLOUT}}, 16, -1);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, EachClientOfAListenerIsTold) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    Epoll epoll(self);
    epoll.Add(listener, EPOLLIN | kEdge);
    self.Connect(kLoopback, kPort);
    epoll.Tells({{listener, EPOLLIN}}, 16, -1);
    epoll.TellsNothing();
    self.Connect(kLoopback, kPort);
    epoll.Tells({{listener, EPOLLIN}}, 16, -1);
    self.Accept(listener);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, OwnShutdownTells) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | kEdge);
    epoll.Tells({{client, EPOLLOUT}});
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    epoll.Tells({{client, EPOLLOUT}});
    epoll.TellsNothing();
    self.Gives(self->shutdown(client, SHUT_RD), 0);
    epoll.Tells({{client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP}});
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, AResetIsTold) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Epoll epoll(self);
    epoll.Add(server, EPOLLIN | kEdge);
    self.SetLinger(client, 0);
    self.Close(client);
    epoll.Tells({{server, EPOLLIN | EPOLLERR | EPOLLHUP}}, 16, -1);
    epoll.TellsNothing();
    self.TakeError(server);
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, EachWriteToAPipeTells) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    Epoll epoll(self);
    epoll.Add(pipe.out, EPOLLIN | kEdge);
    epoll.Add(pipe.in, EPOLLOUT | kEdge);
    epoll.Tells({{pipe.in, EPOLLOUT}});
    for (int i = 0; i < 3; ++i) {
      Write(self, pipe.in);
      epoll.Tells({{pipe.out, EPOLLIN}});
      epoll.TellsNothing();
    }
    // Reading tells nothing: the pipe wasn't full.
    Read(self, pipe.out);
    epoll.TellsNothing();
    self.Close(pipe.in);
    epoll.Tells({{pipe.out, EPOLLIN | EPOLLHUP}});
    epoll.TellsNothing();
  });
}

TEST_F(EdgeTest, RoomInAPipeIsToldWhereThereWasNone) {
  Alone([](Self& self) {
    const Pipe pipe(self);
    std::string bytes(65'536, 'x');
    Epoll epoll(self);
    epoll.Add(pipe.in, EPOLLOUT | kEdge);
    epoll.Tells({{pipe.in, EPOLLOUT}});
    self.Gives(self->write(pipe.in, bytes.data(), bytes.size()), 65'536);
    epoll.TellsNothing();
    self.Gives(self->read(pipe.out, bytes.data(), 4'095), 4'095);
    epoll.TellsNothing();
    self.Gives(self->read(pipe.out, bytes.data(), 1), 1);
    epoll.Tells({{pipe.in, EPOLLOUT}});
    self.Gives(self->read(pipe.out, bytes.data(), 4'096), 4'096);
    epoll.TellsNothing();
    self.Close(pipe.out);
    epoll.Tells({{pipe.in, EPOLLOUT | EPOLLERR}});
    epoll.TellsNothing();
  });
}

}  // namespace
}  // namespace conformance
