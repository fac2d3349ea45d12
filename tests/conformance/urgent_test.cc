// Urgent data of streams: MSG_OOB, the mark, SO_OOBINLINE.

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <string>

#include "tests/conformance/urgent.h"

namespace conformance {
namespace {

class UrgentTest : public ConformanceTest {};

int Count(Self& self, int fd, unsigned long request) {
  int count = -1;
  self.Gives(self->ioctl(fd, request, &count), 0);
  return count;
}

TEST_F(UrgentTest, TheLastByteOfASendGoesOutOfBand) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "abc");
    self.Equal(Get(self, server, 10), "ab");
    self.Equal(Get(self, server, 1, MSG_OOB), "c");
    self.Equal(Get(self, server, 10), "EAGAIN");
    SendUrgent(self, server, client, "x");
    self.Equal(Get(self, client, 1, MSG_OOB), "x");
  });
}

TEST_F(UrgentTest, ItIsReadOnceAndAsOftenAsWantedWithAPeek) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
    SendUrgent(self, client, server, "abc");
    self.Equal(Get(self, server, 10, MSG_OOB | MSG_PEEK), "c");
    self.Equal(Get(self, server, 10, MSG_OOB | MSG_PEEK), "c");
    self.Equal(Get(self, server, 10, MSG_OOB), "c");
    self.Equal(Get(self, server, 10, MSG_OOB), "EINVAL");
    self.Equal(Get(self, server, 10, MSG_OOB | MSG_PEEK), "EINVAL");
  });
}

// Also with MSG_WAITALL: no wait for what would not come.
TEST_F(UrgentTest, ThereIsNoWaitingForIt) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte;
    self.Fails(self->recv(server, &byte, 1, MSG_OOB), EINVAL);
    self.Fails(self->recv(server, &byte, 1, MSG_OOB | MSG_WAITALL), EINVAL);
  });
}

TEST_F(UrgentTest, ReadsStopAtTheMark) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "abc");
    self.Send(client, "def");
    char bytes[10];
    self.Equal(Count(self, server, FIONREAD), 2);
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Gives(self->recv(server, bytes, 1, 0), 1);
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 1);
    self.Equal(Count(self, server, FIONREAD), 0);
    self.Equal(Count(self, server, SIOCATMARK), 1);
    WaitForBytes(self, server, 3);
    self.Equal(Get(self, server, 10, MSG_PEEK), "def");
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Get(self, server, 2), "de");
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Equal(Count(self, server, FIONREAD), 1);
  });
}

TEST_F(UrgentTest, APeekStopsAtTheMark) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "abc");
    self.Send(client, "def");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_PEEK), 2);
    self.Gives(self->recv(server, bytes, 10, MSG_PEEK | MSG_WAITALL), 2);
    self.Gives(self->recv(server, nullptr, 10, MSG_TRUNC), 2);
  });
}

TEST_F(UrgentTest, AByteThatIsReadStaysAtTheMark) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "a");
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Get(self, server, 1, MSG_OOB), "a");
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Count(self, server, FIONREAD), 0);
    self.Send(client, "b");
    WaitForBytes(self, server, 1);
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Get(self, server, 10), "b");
    self.Equal(Count(self, server, SIOCATMARK), 0);
  });
}

TEST_F(UrgentTest, AnOrdinaryReadThrowsAwayAByteThatIsNext) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "a");
    self.Equal(Get(self, server, 10, MSG_PEEK), "EAGAIN");
    self.Equal(Get(self, server, 0), "");
    self.Equal(Get(self, server, 1, MSG_OOB | MSG_PEEK), "a");
    self.Equal(Get(self, server, 10), "EAGAIN");
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Equal(self.Poll(server, kAllEvents, 0), 0);
  });
}

TEST_F(UrgentTest, AReadThatWaitsStepsOverIt) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    char bytes[10];
    self.Gives(self->recv(fd, bytes, 10, 0), 1);
    self.Equal(bytes[0], 'b');
    self.Fails(self->recv(fd, bytes, 10, MSG_OOB), EINVAL);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.process().sleep(50ms);
    self.Gives(self->send(fd, "a", 1, MSG_OOB), 1);
    self.process().sleep(50ms);
    self.Send(fd, "b");
    self.ReceiveAll(fd);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(UrgentTest, ANewOneTakesThePlaceOfTheOld) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "ab");
    self.Equal(Get(self, server, 1, MSG_OOB), "b");
    SendUrgent(self, client, server, "cd");
    self.Equal(Get(self, server, 1, MSG_OOB | MSG_PEEK), "d");
    // What was urgent before is in the stream now.
    self.Equal(Get(self, server, 10), "abc");
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Get(self, server, 1, MSG_OOB), "d");
  });
}

TEST_F(UrgentTest, ANewOneSweepsAwayAnOldOneThatIsNext) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "a");
    self.Equal(Get(self, server, 1, MSG_OOB), "a");
    SendUrgent(self, client, server, "b");
    self.Equal(Get(self, server, 1, MSG_OOB), "b");
    self.Equal(Get(self, server, 10), "EAGAIN");
  });
}

TEST_F(UrgentTest, AnInlineByteIsInTheStream) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(server, SOL_SOCKET, SO_OOBINLINE, 1);
    SendUrgent(self, client, server, "abc");
    self.Send(client, "def");
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 2);
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(self.Poll(server, kAllEvents, 0), POLLIN | POLLRDNORM | POLLPRI);
    self.Gives(self->recv(server, bytes, 4, MSG_WAITALL), 4);
    self.Equal(std::string_view(bytes, 4), "cdef");
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Equal(self.Poll(server, kAllEvents, 0), 0);
  });
}

TEST_F(UrgentTest, AnInlineByteAloneCanBeRead) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(server, SOL_SOCKET, SO_OOBINLINE, 1);
    SendUrgent(self, client, server, "a");
    self.Equal(Count(self, server, FIONREAD), 1);
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(self.Poll(server, kAllEvents, 0), POLLIN | POLLRDNORM | POLLPRI);
    self.Equal(Get(self, server, 10), "a");
    self.Equal(self.Poll(server, kAllEvents, 0), 0);
  });
}

TEST_F(UrgentTest, ItCanBePutIntoTheStreamAfterItHasCome) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "ab");
    self.SetOption(server, SOL_SOCKET, SO_OOBINLINE, 1);
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
    self.Equal(Count(self, server, FIONREAD), 2);
    self.Equal(Get(self, server, 1), "a");
    self.SetOption(server, SOL_SOCKET, SO_OOBINLINE, 0);
    self.Equal(Get(self, server, 1, MSG_OOB), "b");
    self.SetOption(server, SOL_SOCKET, SO_OOBINLINE, 1);
    self.Equal(Get(self, server, 10), "b");
  });
}

TEST_F(UrgentTest, AnAcceptedSocketIsInlineAsItsListener) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 1);
    self.SetOption(listener, SOL_SOCKET, SO_OOBINLINE, 1);
    const int client = self.Connect(kLoopback, kPort);
    const int server = self.Accept(listener);
    SendUrgent(self, client, server, "ab");
    self.Equal(Get(self, server, 1), "a");
    self.Equal(Get(self, server, 1), "b");
  });
}

TEST_F(UrgentTest, ASocketIsInlineFromBeforeItConnects) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 1);
    const int client = self.Socket();
    self.SetOption(client, SOL_SOCKET, SO_OOBINLINE, 1);
    self.Gives(self->connect(client, At(kLoopback, kPort), At::kLength), 0);
    const int server = self.Accept(listener);
    SendUrgent(self, server, client, "ab");
    self.Equal(Get(self, client, 1), "a");
    self.Equal(Get(self, client, 1), "b");
  });
}

TEST_F(UrgentTest, AMessageTellsThatItIsUrgent) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = '-';
    iovec buffer{&byte, 1};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    SendUrgent(self, client, server, "ab");
    self.Gives(self->recvmsg(server, &message, MSG_OOB | MSG_PEEK), 1);
    self.Equal(message.msg_flags, MSG_OOB);
    self.Equal(byte, 'b');
    self.Gives(self->recvmsg(server, &message, 0), 1);
    self.Equal(message.msg_flags, 0);
    // Without room for it, it is lost.
    buffer.iov_len = 0;
    self.Gives(self->recvmsg(server, &message, MSG_OOB), 0);
    self.Equal(message.msg_flags, MSG_OOB | MSG_TRUNC);
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
  });
}

TEST_F(UrgentTest, ItCanBeDiscarded) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "a");
    char byte = '-';
    self.Gives(self->recv(server, &byte, 1, MSG_OOB | MSG_TRUNC), 1);
    self.Equal(byte, '-');
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
  });
}

TEST_F(UrgentTest, ItIsThereStillAfterTheEnd) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "ab");
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.WaitForEvents(server, POLLRDHUP, POLLRDHUP);
    self.Equal(Count(self, server, FIONREAD), 1);
    self.Equal(Get(self, server, 10), "a");
    self.Equal(Count(self, server, FIONREAD), 0);
    self.Equal(Count(self, server, SIOCATMARK), 1);
    self.Equal(Get(self, server, 1, MSG_OOB), "b");
    self.Equal(Get(self, server, 10), "");
    self.Equal(Count(self, server, SIOCATMARK), 0);
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
  });
}

TEST_F(UrgentTest, AResetTakesItAway) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    SendUrgent(self, client, server, "ab");
    self.SetLinger(client, 0);
    self.Close(client);
    self.WaitForEvents(server, POLLRDHUP, POLLRDHUP | POLLHUP | POLLERR);
    char byte;
    self.Fails(self->recv(server, &byte, 1, MSG_OOB), ENOTCONN);
    self.Equal(Get(self, server, 10), "a");
  });
}

TEST_F(UrgentTest, OfNothingIsNothing) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->send(client, "", 0, MSG_OOB), 0);
    self.Send(client, "x");
    WaitForBytes(self, server, 1);
    self.Equal(Get(self, server, 1, MSG_OOB), "EINVAL");
    self.Equal(self.Poll(server, POLLPRI, 0), 0);
  });
}

TEST_F(UrgentTest, MisuseOfASend) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 1);
    self.Fails(self->send(listener, "x", 1, MSG_OOB), EPIPE);
    self.Fails(self->send(self.Socket(), "x", 1, MSG_OOB), EPIPE);
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    self.Fails(self->send(ends[1], "x", 1, MSG_OOB), ENOTSOCK);
    self.Fails(self->send(self.Datagram(), "x", 1, MSG_OOB), EOPNOTSUPP);
    const int client = self.Connect(kLoopback, kPort);
    self.Accept(listener);
    self.Fails(self->send(client, nullptr, 1, MSG_OOB), EFAULT);
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Fails(self->send(client, "x", 1, MSG_OOB), EPIPE);
  });
}

TEST_F(UrgentTest, GoesAheadOfWhatNagleOrACorkHoldsBack) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(client, IPPROTO_TCP, TCP_CORK, 1);
    self.Send(client, "ab");
    SendUrgent(self, client, server, "c");
    self.Equal(Get(self, server, 10), "ab");
    self.Equal(Get(self, server, 1, MSG_OOB), "c");
  });
}

TEST_F(UrgentTest, CrossesTheNetwork) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.WaitForEvents(fd, POLLPRI, POLLPRI);
    char byte;
    self.Gives(self->recv(fd, &byte, 1, MSG_OOB), 1);
    self.Equal(byte, '!');
    self.Equal(self.ReceiveAll(fd), "beforeafter");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, "before");
    self.Gives(self->send(fd, "!", 1, MSG_OOB), 1);
    self.Send(fd, "after");
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
