// The two ends of a socketpair inside a host: the call, and streams. socketpair_message_test.cc has the others.

#include <fcntl.h>

#include <cstring>
#include <string>

#include "tests/conformance/socket_pair.h"

namespace conformance {
namespace {

class SocketPairTest : public ConformanceTest {};

TEST_F(SocketPairTest, GoesBothWays) {
  Alone([](Self& self) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      Write(self, a, "to b");
      Write(self, b, "to a");
      Reads(self, a, "to a");
      Reads(self, b, "to b");
      Refuses(self, a, EAGAIN);
    }
  });
}

TEST_F(SocketPairTest, HasTheLowestDescriptorsAndItsFlags) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
    self.Equal(a, 3);
    self.Equal(b, 4);
    for (const int fd : {a, b}) {
      self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
      self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    }
    const auto [c, d] = MakePair(self, SOCK_DGRAM);
    self.Gives(self->fcntl(c, F_GETFL, 0), O_RDWR);
    self.Gives(self->fcntl(d, F_GETFD, 0), 0);
  });
}

TEST_F(SocketPairTest, TellsItsOptions) {
  Alone([](Self& self) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      self.Equal(self.Option(a, SOL_SOCKET, SO_TYPE), type);
      self.Equal(self.Option(a, SOL_SOCKET, SO_DOMAIN), AF_UNIX);
      self.Equal(self.Option(a, SOL_SOCKET, SO_PROTOCOL), 0);
      self.Equal(self.Option(a, SOL_SOCKET, SO_ACCEPTCONN), 0);
      self.Equal(self.Option(a, SOL_SOCKET, SO_ERROR), 0);
      self.Equal(self.Option(a, SOL_SOCKET, SO_SNDBUF), 212'992);
      self.Equal(self.Option(a, SOL_SOCKET, SO_RCVBUF), 212'992);
      int value = 0;
      socklen_t length = sizeof value;
      self.Fails(self->getsockopt(a, IPPROTO_TCP, 1, &value, &length), EOPNOTSUPP);
      self.Fails(self->setsockopt(a, IPPROTO_TCP, 1, &value, length), EOPNOTSUPP);
    }
    const auto [raw, other] = MakePair(self, SOCK_RAW);
    self.Equal(self.Option(raw, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
  });
}

TEST_F(SocketPairTest, HasNoName) {
  Alone([](Self& self) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      sockaddr_un name;
      std::memset(&name, 0xff, sizeof name);
      socklen_t length = sizeof name;
      self.Gives(self->getsockname(a, reinterpret_cast<sockaddr*>(&name), &length), 0);
      self.Equal(length, sizeof(sa_family_t));
      self.Equal(name.sun_family, AF_UNIX);
      length = sizeof name;
      self.Gives(self->getpeername(a, reinterpret_cast<sockaddr*>(&name), &length), 0);
      self.Equal(length, sizeof(sa_family_t));
      self.Close(b);
      length = sizeof name;
      self.Gives(self->getpeername(a, reinterpret_cast<sockaddr*>(&name), &length), 0);
    }
  });
}

TEST_F(SocketPairTest, AMessageHasNoSender) {
  Alone([](Self& self) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      Write(self, a, "x");
      char byte;
      sockaddr_un name;
      socklen_t length = sizeof name;
      self.Gives(self->recvfrom(b, &byte, 1, 0, reinterpret_cast<sockaddr*>(&name), &length), 1);
      self.Equal(length, 0);
    }
  });
}

TEST_F(SocketPairTest, MisuseOfTheCall) {
  Alone([](Self& self) {
    int ends[2];
    self.Fails(self->socketpair(AF_INET, SOCK_STREAM, 0, ends), EOPNOTSUPP);
    self.Fails(self->socketpair(999, SOCK_STREAM, 0, ends), EAFNOSUPPORT);
    self.Fails(self->socketpair(AF_UNIX, 99, 0, ends), EINVAL);
    self.Fails(self->socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, ends), EINVAL);
    self.Fails(self->socketpair(AF_UNIX, SOCK_RDM, 0, ends), ESOCKTNOSUPPORT);
    self.Fails(self->socketpair(AF_UNIX, SOCK_STREAM, 99, ends), EPROTONOSUPPORT);
    self.Fails(self->socketpair(AF_UNIX, SOCK_STREAM, 0, nullptr), EFAULT);
    self.Gives(self->socketpair(AF_UNIX, SOCK_STREAM, PF_UNIX, ends), 0);
  });
}

TEST_F(SocketPairTest, IsNoListenerAndConnectedAlready) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    self.Fails(self->listen(a, 1), EINVAL);
    self.Fails(self->accept(a, nullptr, nullptr), EINVAL);
    self.Fails(self->connect(a, At(kLoopback, kPort), At::kLength), EINVAL);
    self.Fails(self->bind(a, At(kLoopback, kPort), At::kLength), EINVAL);
    const auto [c, d] = MakePair(self, SOCK_DGRAM);
    self.Fails(self->listen(c, 1), EOPNOTSUPP);
    self.Fails(self->accept(c, nullptr, nullptr), EOPNOTSUPP);
  });
}

TEST_F(SocketPairTest, TheNumbersAreToldBeforeAnythingFails) {
  Alone([](Self& self) {
    int ends[2] = {-1, -1};
    self.Fails(self->socketpair(AF_INET, SOCK_STREAM, 0, ends), EOPNOTSUPP);
    self.Equal(ends[0], 3);
    self.Equal(ends[1], 4);
    self.Fails(self->socketpair(AF_INET6, SOCK_SEQPACKET, 0, ends), ESOCKTNOSUPPORT);
    self.Fails(self->socketpair(AF_UNIX, 0, 0, ends), ESOCKTNOSUPPORT);
    self.Equal(self.Socket(), 3);
  });
}

TEST_F(SocketPairTest, AnEmptyMessageThatNobodyReadIsNoReset) {
  Alone([](Self& self) {
    for (const bool empty : {true, false}) {
      const auto [a, b] = MakePair(self, SOCK_SEQPACKET);
      Write(self, a, empty ? "" : "x");
      self.Close(b);
      self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), empty ? EPIPE : ECONNRESET);
    }
  });
}

TEST_F(SocketPairTest, AddressesAreMisuse) {
  Alone([](Self& self) {
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    const int on = 1;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
      const auto [a, b] = MakePair(self, type);
      const long sent = self->sendto(a, "x", 1, 0, At(kLoopback, kPort), At::kLength);
      if (type == SOCK_STREAM) self.Fails(sent, EISCONN);
      if (type == SOCK_DGRAM) self.Fails(sent, EINVAL);
      if (type == SOCK_SEQPACKET) self.Gives(sent, 1);
      self.Fails(self->bind(a, &none, sizeof none), EINVAL);
      self.Fails(self->connect(a, At(kLoopback, kPort), At::kLength), EINVAL);
      if (type != SOCK_DGRAM) self.Fails(self->connect(a, &none, sizeof none), EINVAL);
      self.Fails(self->setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), EOPNOTSUPP);
    }
  });
}

class PairedStreamTest : public ConformanceTest {};

TEST_F(PairedStreamTest, IsAStreamOfBytes) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, a, "hello");
    Write(self, a, "world");
    self.Equal(Waiting(self, b), 10);
    self.Equal(self.Receive(b, 7), "hellowo");
    self.Equal(Waiting(self, b), 3);
    Reads(self, b, "rld", MSG_PEEK);
    Reads(self, b, "rld");
    Write(self, a, "one");
    Write(self, a, "two");
    Reads(self, b, "onetwo", MSG_PEEK);
    char two[2];
    self.Gives(self->recv(b, two, 2, MSG_TRUNC), 2);
    self.Equal(std::string_view(two, 2), "on");
    Reads(self, b, "etwo", MSG_WAITALL | MSG_DONTWAIT);
  });
}

TEST_F(PairedStreamTest, ReadingNothingWaitsForSomething) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    char byte;
    self.Fails(self->recv(b, &byte, 0, MSG_DONTWAIT), EAGAIN);
    self.Gives(self->read(b, &byte, 0), 0);
    Write(self, a, "x");
    self.Gives(self->recv(b, &byte, 0, MSG_DONTWAIT), 0);
    self.Gives(self->send(a, &byte, 0, 0), 0);
    self.Equal(Waiting(self, b), 1);
  });
}

TEST_F(PairedStreamTest, EndsWhereTheOtherIsClosed) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, a, "last");
    self.Close(a);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents | POLLHUP);
    Reads(self, b, "last");
    self.ExpectEnd(b);
    self.ExpectEnd(b);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents | POLLHUP);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Fails(self->write(b, "x", 1), EPIPE);
    self.Fails(self->send(b, "x", 0, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(PairedStreamTest, UnreadBytesMakeTheEndAReset) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, a, "last");
    Write(self, b, "never read");
    self.Close(a);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents | POLLHUP | POLLERR);
    // What is there comes first.
    Reads(self, b, "last");
    Refuses(self, b, ECONNRESET);
    self.ExpectEnd(b);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(PairedStreamTest, AResetIsTakenBySoError) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, b, "never read");
    self.Close(a);
    self.Fails(self->send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
    self.Equal(self.TakeError(b), ECONNRESET);
    self.ExpectEnd(b);
  });
}

TEST_F(PairedStreamTest, ShutdownForWritingIsTheEndForTheOther) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, a, "x");
    self.Gives(self->shutdown(a, SHUT_WR), 0);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents);
    self.Equal(self.Poll(a, kAllEvents, 0), POLLOUT);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
    Reads(self, b, "x");
    self.ExpectEnd(b);
    Write(self, b, "back");
    Reads(self, a, "back");
    self.Gives(self->shutdown(b, SHUT_WR), 0);
    self.Equal(self.Poll(a, kAllEvents, 0), kAllEvents | POLLHUP);
    self.Gives(self->shutdown(a, SHUT_WR), 0);
    self.Fails(self->shutdown(a, 3), EINVAL);
  });
}

TEST_F(PairedStreamTest, ShutdownForReadingBreaksTheOthersPipe) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    Write(self, a, "x");
    self.Gives(self->shutdown(b, SHUT_RD), 0);
    self.Equal(self.Poll(b, kAllEvents, 0), kAllEvents);
    self.Fails(self->send(a, "x", 1, MSG_NOSIGNAL), EPIPE);
    // What had come is still there.
    Reads(self, b, "x");
    self.ExpectEnd(b);
    Write(self, b, "back");
    Reads(self, a, "back");
  });
}

TEST_F(PairedStreamTest, TakesAsMuchAsItsBufferHolds) {
  struct Filling {
    size_t length;
    int writes;         // until nothing more is taken
    int until_full;     // until poll says so
    long total;
    int reads;          // until it says otherwise
  };
  Alone([](Self& self) {
    for (const Filling& filling : {Filling{1, 278, 70, 278, 209}, Filling{1'000, 93, 24, 93'000, 70},
                                   Filling{4'000, 44, 11, 176'000, 34}, Filling{65'536, 4, 1, 233'152, 3}}) {
      const auto [a, b] = MakePair(self, SOCK_STREAM | SOCK_NONBLOCK);
      std::string bytes(filling.length, 'x');
      long total = 0;
      int writes = 0;
      int until_full = 0;
      for (long sent; (sent = self->send(a, bytes.data(), bytes.size(), 0)) > 0; total += sent) {
        ++writes;
        if (until_full == 0 && self.Poll(a, POLLOUT, 0) == 0) until_full = writes;
      }
      self.Equal(writes, filling.writes);
      self.Equal(until_full, filling.until_full);
      self.Equal(total, filling.total);
      self.Equal(Waiting(self, b), total);
      self.Fails(self->send(a, bytes.data(), 1, 0), EAGAIN);
      int reads = 0;
      while (self.Poll(a, POLLOUT, 0) == 0) {
        self.Gives(self->recv(b, bytes.data(), bytes.size(), 0), static_cast<long>(filling.length));
        ++reads;
      }
      self.Equal(reads, filling.reads);
    }
  });
}

TEST_F(PairedStreamTest, ASmallerSendBufferTakesLess) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM | SOCK_NONBLOCK);
    self.SetOption(a, SOL_SOCKET, SO_SNDBUF, 10'000);
    const std::string bytes(1'000'000, 'x');
    self.Gives(self->send(a, bytes.data(), bytes.size(), 0), 19'872);
    self.Fails(self->send(a, bytes.data(), 1, 0), EAGAIN);
    Write(self, b, std::string(100'000, 'y'));
  });
}

TEST_F(PairedStreamTest, APeekTakesWhatThereIsWhateverItWasToWaitFor) {
  Alone([](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    self.SetOption(b, SOL_SOCKET, SO_RCVLOWAT, 5);
    Write(self, a, "x");
    Write(self, a, "yz");
    Reads(self, b, "xyz", MSG_PEEK);
    Reads(self, b, "xyz", MSG_PEEK | MSG_WAITALL);
  });
}

TEST_F(PairedStreamTest, AWriterWaitsForRoom) {
  Start(server_, "one", [](Self& self) {
    const auto [a, b] = MakePair(self, SOCK_STREAM);
    const timeval limit{0, 20'000};
    self.Gives(self->setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    self.Gives(self->setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    const std::string bytes(1'000'000, 'x');
    Time before = self.now();
    const long sent = self->send(a, bytes.data(), bytes.size(), 0);
    self.True(sent > 100'000 && sent < 1'000'000, "a part is taken");
    self.Between(self.now() - before, 20ms, 30ms);
    before = self.now();
    self.Fails(self->send(a, bytes.data(), bytes.size(), 0), EAGAIN);
    char byte;
    self.Fails(self->recv(a, &byte, 1, 0), EAGAIN);
    self.Between(self.now() - before, 40ms, 60ms);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
