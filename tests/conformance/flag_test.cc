// The flags of send and recv on streams, and the ioctls that count bytes.

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <string>
#include <variant>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class FlagTest : public ConformanceTest {};
class IoctlTest : public ConformanceTest {};

int Count(Self& self, int fd, unsigned long request) {
  int bytes = -1;
  self.Gives(self->ioctl(fd, request, &bytes), 0);
  return bytes;
}

void WaitForBytes(Self& self, int fd, int bytes) {
  const Time limit = self.now() + 10s;
  while (Count(self, fd, FIONREAD) < bytes && self.now() < limit) self.process().sleep(1ms);
  self.Equal(Count(self, fd, FIONREAD), bytes);
}

void SetReceiveTimeout(Self& self, int fd, long microseconds) {
  const timeval limit{0, microseconds};
  self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
}

TEST_F(FlagTest, APeekCanWaitForAllOfThem) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    char bytes[10];
    self.Gives(self->recv(fd, bytes, 6, MSG_PEEK | MSG_WAITALL), 6);
    self.Equal(std::string_view(bytes, 6), "abcdef");
    self.Equal(self.Receive(fd, 6), "abcdef");
    SetReceiveTimeout(self, fd, 50'000);
    self.Send(fd, "x");
    WaitForBytes(self, fd, 2);
    self.Gives(self->recv(fd, bytes, 6, MSG_PEEK | MSG_WAITALL), 2);
    self.Equal(self.Receive(fd, 2), "gh");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    for (const char* part : {"ab", "cd", "ef"}) {
      self.Send(fd, part);
      self.process().sleep(5ms);
    }
    self.Receive(fd, 1);
    self.Send(fd, "gh");
    self.ReceiveAll(fd);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(FlagTest, WaitingForAllEndsWithTheEnd) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "abc");
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 3);
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 0);
  });
}

TEST_F(FlagTest, WaitingForAllEndsWithAReset) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    char bytes[10];
    self.Gives(self->recv(fd, bytes, 10, MSG_WAITALL), 3);
    self.Fails(self->recv(fd, bytes, 10, MSG_WAITALL), ECONNRESET);
    self.Gives(self->recv(fd, bytes, 10, MSG_WAITALL), 0);
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Send(fd, "abc");
    // Until the server has taken them into its call.
    self.process().sleep(50ms);
    self.SetLinger(fd, 0);
    self.Close(fd);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(FlagTest, WaitingForAllWithoutWaitingTakesWhatIsThere) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char bytes[10];
    self.Fails(self->recv(server, bytes, 10, MSG_WAITALL | MSG_DONTWAIT), EAGAIN);
    self.Send(client, "abc");
    WaitForBytes(self, server, 3);
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL | MSG_DONTWAIT), 3);
  });
}

TEST_F(FlagTest, TruncDiscardsBytesOfAStream) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "abcdefgh");
    WaitForBytes(self, server, 8);
    char bytes[3] = {'-', '-', '-'};
    self.Gives(self->recv(server, bytes, 3, MSG_TRUNC | MSG_PEEK), 3);
    self.Gives(self->recv(server, bytes, 3, MSG_TRUNC), 3);
    self.Equal(std::string_view(bytes, 3), "---");
    self.Gives(self->recv(server, nullptr, 2, MSG_TRUNC), 2);
    self.Equal(self.Receive(server, 3), "fgh");
  });
}

TEST_F(FlagTest, NothingUrgentAndNoErrorIsQueued) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int listener = self.Listen(kPort, 1);
    char byte;
    self.Fails(self->recv(server, &byte, 1, MSG_OOB), EINVAL);
    self.Fails(self->recv(server, &byte, 1, MSG_ERRQUEUE), EAGAIN);
    self.Fails(self->recv(self.Socket(), &byte, 1, MSG_OOB), EINVAL);
    self.Fails(self->recv(self.Socket(), &byte, 1, MSG_ERRQUEUE), EAGAIN);
    self.Fails(self->recv(listener, &byte, 1, MSG_OOB), ENOTCONN);
    self.Fails(self->recv(listener, &byte, 1, MSG_ERRQUEUE), EAGAIN);
  });
}

TEST_F(FlagTest, FlagsWithoutMeaningForAStreamAreIgnored) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int flags[] = {MSG_DONTROUTE, MSG_CONFIRM, MSG_EOR, MSG_NOSIGNAL, MSG_WAITALL, MSG_CMSG_CLOEXEC, 0x10000000};
    for (int flag : flags) {
      self.Gives(self->send(client, "x", 1, flag), 1);
      char byte;
      self.Gives(self->recv(server, &byte, 1, MSG_WAITALL | flag), 1);
    }
  });
}

TEST_F(FlagTest, MoreHoldsASegmentBackUntilTheRestComes) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 1));
    self.Equal(self.ReceiveAll(fd), "headerbody");
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    self.Gives(self->send(fd, "head", 4, MSG_MORE), 4);
    self.Gives(self->send(fd, "er", 2, MSG_MORE), 2);
    self.Gives(self->send(fd, "body", 4, 0), 4);
  });
  ASSERT_TRUE(Finish());
  std::vector<std::string> sent;
  for (const lab::Event& event : world().trace().events()) {
    const auto* sending = std::get_if<lab::PacketEvent>(&event);
    if (sending != nullptr && !sending->packet.payload.empty()) sent.push_back(sending->packet.payload.ToString());
  }
  EXPECT_EQ(sent, std::vector<std::string>{"headerbody"});
}

// What the peer sends meanwhile has it sent only where it acknowledges something.
TEST_F(FlagTest, MoreHoldsASegmentBackWhileThePeerSends) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->send(server, "held", 4, MSG_MORE), 4);
    self.Send(client, "x");
    self.Receive(server, 1);
    self.Equal(self.Poll(client, POLLIN, 20), 0);
    self.Equal(self.Receive(client, 4), "held");
  });
}

TEST_F(FlagTest, ALeastToReceiveHoldsReceivesAndPollBack) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(server, SOL_SOCKET, SO_RCVLOWAT, 5);
    SetReceiveTimeout(self, server, 50'000);
    char bytes[10];
    self.Send(client, "abc");
    WaitForBytes(self, server, 3);
    self.Equal(self.Poll(server, POLLIN, 0), 0);
    const Time before = self.now();
    self.Gives(self->recv(server, bytes, 10, MSG_PEEK), 3);
    self.Between(self.now() - before, 45ms, 60ms);
    self.Gives(self->recv(server, bytes, 2, 0), 2);
    self.Gives(self->recv(server, bytes, 10, MSG_DONTWAIT), 1);
    self.Send(client, "abcde");
    WaitForBytes(self, server, 5);
    self.Equal(self.Poll(server, POLLIN, 0), POLLIN);
    self.Gives(self->recv(server, bytes, 10, 0), 5);
    self.Send(client, "ab");
    self.Gives(self->shutdown(client, SHUT_WR), 0);
    self.Gives(self->recv(server, bytes, 10, 0), 2);
    self.Gives(self->recv(server, bytes, 10, 0), 0);
  });
}

TEST_F(FlagTest, AncillaryDataOfNoUseIsIgnoredOrRefused) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = 'x';
    iovec buffer{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_len = CMSG_LEN(sizeof(int));
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    self.Gives(self->sendmsg(client, &message, 0), 1);
    header->cmsg_type = 99;
    self.Fails(self->sendmsg(client, &message, 0), EINVAL);
    header->cmsg_level = IPPROTO_IP;
    self.Gives(self->sendmsg(client, &message, 0), 1);
    header->cmsg_len = 1000;
    self.Fails(self->sendmsg(client, &message, 0), EINVAL);
    header->cmsg_len = 0;
    self.Fails(self->sendmsg(client, &message, 0), EINVAL);
  });
}

TEST_F(FlagTest, AMessagesAddressMayBeLongerThanAny) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = 'x';
    iovec buffer{&byte, 1};
    char name[500] = {};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_name = &name;
    message.msg_namelen = sizeof name;
    self.Gives(self->sendmsg(client, &message, 0), 1);
    WaitForBytes(self, server, 1);
    self.Gives(self->recvmsg(server, &message, MSG_PEEK), 1);
    self.Equal(message.msg_namelen, 0);
  });
}

TEST_F(FlagTest, AMessagesAddressOfNegativeLengthIsMisuse) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer looks at the address before the kernel is asked";
#endif
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = 'x';
    iovec buffer{&byte, 1};
    sockaddr_storage name{};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_name = &name;
    message.msg_namelen = static_cast<socklen_t>(-1);
    self.Fails(self->sendmsg(client, &message, 0), EINVAL);
    self.Fails(self->recvmsg(server, &message, 0), EINVAL);
  });
}

TEST_F(IoctlTest, CountsBytesOnTheirWay) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetOption(server, SOL_SOCKET, SO_RCVBUF, 4096);
    self.SetNonBlocking(client);
    self.Equal(Count(self, client, SIOCOUTQ), 0);
    const std::string bytes = Numbered(1'000'000);
    const int sent = self.Ok(self->send(client, bytes.data(), bytes.size(), 0));
    self.process().sleep(50ms);
    const int arrived = Count(self, server, FIONREAD);
    self.Equal(Count(self, client, SIOCOUTQ), sent - arrived);
    const int unsent = Count(self, client, SIOCOUTQNSD);
    self.True(unsent > 0 && unsent <= sent - arrived, "what was never sent is a part of it");
    self.True(arrived > 0 && arrived < sent, "some of it has arrived");
  });
}

TEST_F(IoctlTest, RequestsOfSocketsAlone) {
  Alone([](Self& self) {
    const int unconnected = self.Socket();
    const int listener = self.Listen(kPort, 1);
    const auto [client, server] = self.Pair();
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    int value = 7;
    for (unsigned long request : {SIOCOUTQ, SIOCOUTQNSD, FIONREAD}) {
      self.Equal(Count(self, unconnected, request), 0);
      self.Equal(Count(self, client, request), 0);
      self.Fails(self->ioctl(listener, request, &value), EINVAL);
    }
    for (int fd : {unconnected, listener, client}) self.Equal(Count(self, fd, SIOCATMARK), 0);
    for (unsigned long request : {SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK}) {
      self.Fails(self->ioctl(ends[0], request, &value), ENOTTY);
      self.Fails(self->ioctl(77, request, &value), EBADF);
    }
    self.Equal(Count(self, ends[0], FIONREAD), 0);
    self.Fails(self->ioctl(client, SIOCOUTQ, nullptr), EFAULT);
    self.Fails(self->ioctl(client, FIONBIO, nullptr), EFAULT);
  });
}

TEST_F(IoctlTest, SetsTheFlagsOfADescriptor) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    int value = 0;
    self.Gives(self->ioctl(fd, FIOCLEX, &value), 0);
    self.Gives(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    self.Gives(self->ioctl(fd, FIONCLEX, nullptr), 0);
    self.Gives(self->fcntl(fd, F_GETFD, 0), 0);
    value = 5;
    self.Gives(self->ioctl(fd, FIONBIO, &value), 0);
    self.Gives(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
  });
}

}  // namespace
}  // namespace conformance
