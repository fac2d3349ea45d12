// The two ends of a socketpair: datagrams and sequenced packets, and what epoll tells of all kinds.

#include <fcntl.h>

#include <cstring>
#include <string>

#include "tests/conformance/socket_pair.h"

namespace conformance {
namespace {

class PairedMessageTest : public ConformanceTest {};

TEST_F(PairedMessageTest, KeepsMessagesApart) {
  Alone([](Self& self) {
    for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type | SOCK_NONBLOCK);
      Write(self, a, "hello");
      Write(self, a, "");
      Write(self, a, "world!");
      self.Equal(Waiting(self, b), type == SOCK_DGRAM ? 5 : 11);
      Reads(self, b, "hello", MSG_PEEK);
      Reads(self, b, "hello");
      Reads(self, b, "");
      char two[2];
      self.Gives(self->recv(b, two, 2, MSG_PEEK | MSG_TRUNC), 6);
      self.Gives(self->recv(b, two, 2, 0), 2);
      self.Equal(std::string_view(two, 2), "wo");
      Refuses(self, b, EAGAIN);
    }
  });
}

TEST_F(PairedMessageTest, SaysWhereOneWasCut) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM);
    Write(self, a, "hello");
    Write(self, a, "you");
    char first[2];
    char second[2];
    iovec buffers[] = {{first, 2}, {second, 2}};
    msghdr message{};
    message.msg_iov = buffers;
    message.msg_iovlen = 2;
    self.Gives(self->recvmsg(b, &message, 0), 4);
    self.Equal(message.msg_flags, MSG_TRUNC);
    self.Equal(std::string_view(second, 2), "ll");
    self.Gives(self->recvmsg(b, &message, 0), 3);
    self.Equal(message.msg_flags, 0);
  });
}

TEST_F(PairedMessageTest, ReadingNothingTakesAMessage) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Write(self, a, "hello");
    Write(self, a, "you");
    char byte;
    self.Gives(self->recv(b, &byte, 0, 0), 0);
    self.Gives(self->read(b, &byte, 0), 0);
    Reads(self, b, "you");
  });
}

TEST_F(PairedMessageTest, HasALargestOne) {
  Alone([](Self& self) {
    for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type | SOCK_NONBLOCK);
      std::string bytes(212'961, 'x');
      self.Fails(self->send(a, bytes.data(), bytes.size(), 0), EMSGSIZE);
      self.Gives(self->send(a, bytes.data(), bytes.size() - 1, 0), 212'960);
      self.Fails(self->send(a, bytes.data(), 1, 0), EAGAIN);
      self.Equal(self.Poll(a, POLLOUT, 0), 0);
      self.Gives(self->recv(b, bytes.data(), bytes.size(), 0), 212'960);
      self.Equal(self.Poll(a, POLLOUT, 0), POLLOUT);
    }
  });
}

TEST_F(PairedMessageTest, TakesAsManyAsItsBufferHolds) {
  Alone([](Self& self) {
    for (const auto& [length, expected] : {std::pair<size_t, int>{1, 278}, {1'000, 93}, {4'000, 26}, {65'536, 4}}) {
      const auto [a, b] = MakePair(self, SOCK_SEQPACKET | SOCK_NONBLOCK);
      const std::string bytes(length, 'x');
      int writes = 0;
      while (self->send(a, bytes.data(), bytes.size(), 0) >= 0) ++writes;
      self.Equal(writes, expected);
    }
  });
}

TEST_F(PairedMessageTest, ADatagramSocketHearsNothingOfTheOthersEnd) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Write(self, a, "last");
    Write(self, b, "never read");
    self.Close(a);
    self.Equal(self.Poll(b, kAllEvents, 0), POLLIN | POLLOUT);
    Reads(self, b, "last");
    Refuses(self, b, EAGAIN);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    sockaddr_un name;
    socklen_t length = sizeof name;
    self.Fails(self->getpeername(b, reinterpret_cast<sockaddr*>(&name), &length), ENOTCONN);
    Refuses(self, b, EAGAIN);
  });
}

TEST_F(PairedMessageTest, SizeAndShutdownAreLookedAtBeforeTheMissingPeer) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM);
    const std::string large(1'000'000, 'x');
    self.Close(a);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    self.Fails(self->send(b, large.data(), large.size(), MSG_NOSIGNAL), EMSGSIZE);
    self.Gives(self->shutdown(b, SHUT_WR), 0);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Fails(self->send(b, large.data(), large.size(), MSG_NOSIGNAL), EMSGSIZE);
  });
}

TEST_F(PairedMessageTest, WhatWasUnreadIsGoneOnceTheOtherIsMissed) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Write(self, a, "last");
    self.Close(a);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    Refuses(self, b, EAGAIN);
  });
}

void Disconnect(Self& self, int fd) {
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  self.Gives(self->connect(fd, &none, sizeof none), 0);
}

TEST_F(PairedMessageTest, ADatagramSocketCanLeaveItsPeerAndStillHearsIt) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Disconnect(self, a);
    Disconnect(self, a);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    sockaddr_un name;
    socklen_t length = sizeof name;
    self.Fails(self->getpeername(a, reinterpret_cast<sockaddr*>(&name), &length), ENOTCONN);
    self.Gives(self->getpeername(b, reinterpret_cast<sockaddr*>(&name), &length), 0);
    Write(self, b, "heard");
    Reads(self, a, "heard");
    self.Equal(self.TakeError(b), 0);
    self.Close(b);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), ENOTCONN);
  });
}

TEST_F(PairedMessageTest, WhatALeavingSocketHadNotReadIsLostAndThePeerToldSo) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Write(self, b, "lost");
    Disconnect(self, a);
    Refuses(self, a, EAGAIN);
    self.Equal(self.Poll(b, kAllEvents, 0), POLLERR | POLLOUT);
    self.Equal(self.TakeError(b), ECONNRESET);
    Write(self, b, "lost again");
    Disconnect(self, b);
    self.Equal(self.TakeError(a), 0);
    Reads(self, a, "lost again");
    // Of two that have left each other nobody is told.
    Disconnect(self, a);
    self.Equal(self.TakeError(b), 0);
  });
}

TEST_F(PairedMessageTest, WhoHasLeftKeepsElevenMessages) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM | SOCK_NONBLOCK);
    Disconnect(self, a);
    for (int i = 0; i < 11; ++i) Write(self, b, "x");
    self.Equal(self.Poll(b, POLLOUT, 0), 0);
    self.Fails(self->send(b, "x", 1, 0), EAGAIN);
    Reads(self, a, "x");
    self.Equal(self.Poll(b, POLLOUT, 0), POLLOUT);
    Write(self, b, "x");
    self.Fails(self->send(b, "x", 1, 0), EAGAIN);
  });
}

TEST_F(PairedMessageTest, ASequenceHasAnEnd) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_SEQPACKET);
    Write(self, a, "last");
    self.Close(a);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents | POLLHUP);
    Reads(self, b, "last");
    Reads(self, b, "");
    Reads(self, b, "", MSG_DONTWAIT);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(PairedMessageTest, UnreadMessagesMakeTheEndOfASequenceAReset) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_SEQPACKET);
    Write(self, a, "last");
    Write(self, b, "never read");
    self.Close(a);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents | POLLHUP | POLLERR);
    // Unlike a stream's, the error comes first.
    Refuses(self, b, ECONNRESET);
    Reads(self, b, "last");
    Reads(self, b, "");
  });
}

TEST_F(PairedMessageTest, AnErrorIsTakenBySending) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_SEQPACKET);
    Write(self, b, "never read");
    self.Close(a);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), ECONNRESET);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(PairedMessageTest, ShutdownOfADatagramSocketIsItsOwn) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_DGRAM);
    self.Gives(self->shutdown(a, SHUT_WR), 0);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.Poll(b, kAllEvents, 0), POLLOUT);
    Refuses(self, b, EAGAIN);
    Write(self, b, "x");
    Reads(self, a, "x");
    Write(self, b, "y");
    self.Gives(self->shutdown(a, SHUT_RD), 0);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.Poll(a, kAllEvents, 0), kAllEvents | POLLHUP);
    Reads(self, a, "y");
    Refuses(self, a, EAGAIN);
    Reads(self, a, "");
  });
}

TEST_F(PairedMessageTest, ShutdownOfASequenceIsTheOthersToo) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_SEQPACKET);
    self.Gives(self->shutdown(a, SHUT_WR), 0);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents);
    Reads(self, b, "");
    Reads(self, b, "", MSG_DONTWAIT);
    Write(self, b, "x");
    self.Gives(self->shutdown(a, SHUT_RD), 0);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
    Reads(self, a, "x");
  });
}

class PairedEpollTest : public ConformanceTest {
 protected:
  static int Make(Self& self, int fd, uint32_t events) {
    const int epoll = self.Ok(self->epoll_create1(0));
    epoll_event event{events, {}};
    self.Gives(self->epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
    return epoll;
  }
  // The events of the one descriptor; 0 where there are none.
  static long Told(Self& self, int epoll) {
    epoll_event event{};
    return self.Ok(self->epoll_wait(epoll, &event, 1, 0)) == 1 ? static_cast<long>(event.events) : 0;
  }
};

TEST_F(PairedEpollTest, EachWriteIsAnEdge) {
  Alone([](Self& self) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      const int epoll = Make(self, b, EPOLLIN | EPOLLET);
      for (int i = 0; i < 2; ++i) {
        Write(self, a, "x");
        self.Equal(Told(self, epoll), EPOLLIN);
        self.Equal(Told(self, epoll), 0);
      }
      Reads(self, b, type == SOCK_STREAM ? "xx" : "x");
      self.Equal(Told(self, epoll), 0);
    }
  });
}

TEST_F(PairedEpollTest, EachReadIsAnEdgeForTheWriter) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    const int epoll = Make(self, a, EPOLLOUT | EPOLLET);
    self.Equal(Told(self, epoll), EPOLLOUT);
    Write(self, a, "xy");
    self.Equal(Told(self, epoll), 0);
    self.Receive(b, 1);
    self.Equal(Told(self, epoll), 0);
    self.Receive(b, 1);
    self.Equal(Told(self, epoll), EPOLLOUT);
    self.Equal(Told(self, epoll), 0);
  });
}

TEST_F(PairedEpollTest, TheEndIsAnEdge) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    const int epoll = Make(self, b, EPOLLIN | EPOLLRDHUP | EPOLLET);
    self.Gives(self->shutdown(a, SHUT_WR), 0);
    self.Equal(Told(self, epoll), EPOLLIN | EPOLLRDHUP);
    self.Equal(Told(self, epoll), 0);
    self.Close(a);
    self.Equal(Told(self, epoll), EPOLLIN | EPOLLRDHUP | EPOLLHUP);
    self.Equal(Told(self, epoll), 0);
  });
}

// The room that unread messages took is free again: whoever waited for some hears of it, and sees that nobody is left.
TEST_F(PairedEpollTest, TheOthersEndMakesRoom) {
  Alone([](Self& self) {
    const std::pair<int, int> types[] = {{SOCK_STREAM, EPOLLHUP | EPOLLERR}, {SOCK_DGRAM, 0},
                                         {SOCK_SEQPACKET, EPOLLHUP | EPOLLERR}};
    for (const auto& [type, besides] : types) {
      const auto [a, b] = MakePair(self, type | SOCK_NONBLOCK);
      const std::string bytes(4'000, 'x');
      while (self->send(a, bytes.data(), bytes.size(), 0) >= 0) continue;
      const int epoll = Make(self, a, EPOLLOUT | EPOLLET);
      self.Equal(Told(self, epoll), 0);
      self.Close(b);
      self.Equal(Told(self, epoll), EPOLLOUT | besides);
      self.Equal(Told(self, epoll), 0);
      if (type == SOCK_DGRAM) self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
    }
  });
}

}  // namespace
}  // namespace conformance
