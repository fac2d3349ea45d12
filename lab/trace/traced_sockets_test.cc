#include "lab/trace/traced_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/ioctl.h>

#include <functional>
#include <vector>

#include "lab/trace/fake_sockets_for_test.h"
#include "lab/trace/trace.h"

namespace lab {
namespace {

class TracedSocketsTest : public testing::Test {
 protected:
  TracedSocketsTest() {
    inner_.peer.sin_family = AF_INET;
    inner_.peer.sin_addr.s_addr = htonl(0x0a000002);
    inner_.peer.sin_port = htons(40'000);
  }

  // The ledger's text of the one call that `call` makes.
  std::string TextOf(const std::function<void(Sockets&)>& call) {
    entries_.clear();
    call(traced_);
    EXPECT_EQ(entries_.size(), 1u);
    return entries_.empty() ? "" : ToString(entries_.back());
  }

  void Gives(int64_t result, int error = 0) {
    inner_.result = result;
    inner_.error = error;
  }

  FakeSockets inner_;
  int64_t now_ = 0;
  std::vector<duet_ledger_entry> entries_;
  TracedSockets traced_{inner_,
                        [this] {
                          errno = ENOSYS;  // a clock may do that
                          return Time(now_ += 10);
                        },
                        [this](const duet_ledger_entry& entry) {
                          errno = ENOMEM;
                          entries_.push_back(entry);
                        }};
};

TEST_F(TracedSocketsTest, ErrnoIsWhatTheCallLeft) {
  errno = EEXIST;
  Gives(3);
  EXPECT_EQ(traced_.socket(AF_INET, SOCK_STREAM, 0), 3);
  EXPECT_EQ(errno, EEXIST);
  Gives(-1, EMFILE);
  EXPECT_EQ(traced_.socket(AF_INET, SOCK_STREAM, 0), -1);
  EXPECT_EQ(errno, EMFILE);
  EXPECT_EQ(entries_[0].error, 0);
  EXPECT_EQ(entries_[1].error, EMFILE);
}

TEST_F(TracedSocketsTest, EntriesHaveTheTimesOfBeginningAndEnd) {
  traced_.listen(3, 5);
  EXPECT_EQ(entries_[0].begin_ns, 10);
  EXPECT_EQ(entries_[0].end_ns, 20);
}

TEST_F(TracedSocketsTest, ACallIsPendingUntilItReturns) {
  EXPECT_FALSE(traced_.pending().has_value());
  class Asking : public FakeSockets {
   public:
    std::function<void()> ask;
    int close(int) override {
      ask();
      return 0;
    }
  } inner;
  TracedSockets traced(inner, [] { return Time(7); }, [](const duet_ledger_entry&) {});
  inner.ask = [&traced] {
    ASSERT_TRUE(traced.pending().has_value());
    EXPECT_EQ(ToString(*traced.pending()), "close(4) = ? <unfinished ...>");
  };
  traced.close(4);
  EXPECT_FALSE(traced.pending().has_value());
}

TEST_F(TracedSocketsTest, AKilledProcessLeavesItsCallPending) {
  class Throwing : public FakeSockets {
   public:
    ssize_t read(int, void*, size_t) override { throw 1; }
  } inner;
  TracedSockets traced(inner, [] { return Time(7); }, [](const duet_ledger_entry&) { FAIL(); });
  char buffer[4];
  EXPECT_THROW(traced.read(0, buffer, 4), int);
  ASSERT_TRUE(traced.pending().has_value());
  EXPECT_EQ(traced.pending()->call, DUET_CALL_READ);
}

TEST_F(TracedSocketsTest, AcceptKnowsTheClientEvenWhereItsCallerDoesNotAsk) {
  Gives(4);
  EXPECT_EQ(TextOf([](Sockets& s) { s.accept(3, nullptr, nullptr); }), "accept(3, 10.0.0.2:40000) = 4");
  sockaddr_in client{};
  socklen_t length = sizeof(client);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.accept4(3, reinterpret_cast<sockaddr*>(&client), &length, SOCK_NONBLOCK); }),
            "accept(3, 10.0.0.2:40000, SOCK_NONBLOCK) = 4");
  EXPECT_EQ(client.sin_port, htons(40'000));
}

TEST_F(TracedSocketsTest, ConnectAndBindNameTheAddress) {
  const auto* address = reinterpret_cast<const sockaddr*>(&inner_.peer);
  Gives(-1, ECONNREFUSED);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.connect(3, address, sizeof(sockaddr_in)); }),
            "connect(3, 10.0.0.2:40000) = -1 ECONNREFUSED (Connection refused)");
  Gives(0);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.bind(3, address, sizeof(sockaddr_in)); }), "bind(3, 10.0.0.2:40000) = 0");
  EXPECT_EQ(TextOf([&](Sockets& s) { s.bind(3, address, 3); }), "bind(3) = 0");
}

TEST_F(TracedSocketsTest, WhatWasMovedIsKeptUpToItsLimit) {
  Gives(5);
  EXPECT_EQ(TextOf([](Sockets& s) { s.send(3, "hello\n...", 9, MSG_NOSIGNAL); }),
            "send(3, \"hello\", 9, MSG_NOSIGNAL) = 5");
  Gives(100);
  const std::string expected = "write(1, \"" + std::string(48, 'x') + "\"..., 100) = 100";
  EXPECT_EQ(TextOf([](Sockets& s) { s.write(1, std::string(100, 'x').data(), 100); }), expected);
  inner_.data = "Hi\n";
  Gives(3);
  char buffer[10];
  EXPECT_EQ(TextOf([&](Sockets& s) { s.recv(3, buffer, 10, 0); }), "recv(3, \"Hi\\n\", 10, 0) = 3");
  Gives(0);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.read(3, buffer, 10); }), "read(3, \"\", 10) = 0 (end of file)");
}

TEST_F(TracedSocketsTest, ADatagramThatWasCutIsNotReadBeyondItsBuffer) {
  inner_.data = "0123456789";
  Gives(10);  // MSG_TRUNC gives the full length
  char buffer[4];
  EXPECT_EQ(TextOf([&](Sockets& s) { s.recv(3, buffer, 4, MSG_TRUNC); }), "recv(3, \"0123\"..., 4, MSG_TRUNC) = 10");
}

TEST_F(TracedSocketsTest, SeveralBuffersCountAsOne) {
  char first[] = "Hi ", second[] = "we are";
  const iovec buffers[] = {{first, 3}, {second, 6}};
  Gives(5);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.writev(3, buffers, 2); }), "write(3, \"Hi we\", 9) = 5");
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(buffers);
  message.msg_iovlen = 2;
  EXPECT_EQ(TextOf([&](Sockets& s) { s.sendmsg(3, &message, 0); }), "send(3, \"Hi we\", 9, 0) = 5");
  inner_.data = "abcde";
  EXPECT_EQ(TextOf([&](Sockets& s) { s.recvmsg(3, &message, 0); }), "recv(3, \"abcde\", 9, 0) = 5");
  Gives(-1, EINVAL);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.writev(3, buffers, -1); }), "write(3, \"\", 0) = -1 EINVAL (Invalid argument)");
}

TEST_F(TracedSocketsTest, PollAndSelectSayWhatWasAskedAndAnswered) {
  pollfd fds[2] = {{3, POLLIN, 0}, {0, POLLIN | POLLOUT, 0}};
  Gives(1);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.poll(fds, 2, 500); }),
            "poll([{3, POLLIN}, {0, POLLIN|POLLOUT}], 2, 500) = 1 [{3, POLLIN}]");
  Gives(0);
  inner_.ready = 0;
  EXPECT_EQ(TextOf([&](Sockets& s) { s.poll(fds, 1, 0); }), "poll([{3, POLLIN}], 1, 0) = 0 (the time is up)");
  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(0, &readable);
  FD_SET(3, &readable);
  FD_SET(3, &writable);
  Gives(2);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.select(4, &readable, &writable, nullptr, nullptr); }),
            "select(4, [{0, POLLIN}, {3, POLLIN|POLLOUT}], for ever) = 2 [{0, POLLIN}, {3, POLLOUT}]");
  timeval timeout{1, 500'000};
  Gives(-1, EBADF);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.select(FD_SETSIZE + 9, nullptr, nullptr, nullptr, &timeout); }),
            "select(1033, [], 1500 ms) = -1 EBADF (Bad file descriptor)");
}

TEST_F(TracedSocketsTest, NullPointersReachTheCallAsTheyAre) {
  Gives(-1, EFAULT);
  EXPECT_EQ(TextOf([](Sockets& s) { s.poll(nullptr, 3, 0); }), "poll([...], 3, 0) = -1 EFAULT (Bad address)");
  EXPECT_EQ(TextOf([](Sockets& s) { s.writev(1, nullptr, 2); }), "write(1, \"\", 0) = -1 EFAULT (Bad address)");
  EXPECT_EQ(TextOf([](Sockets& s) { s.sendmsg(3, nullptr, 0); }), "send(3, \"\", 0, 0) = -1 EFAULT (Bad address)");
  EXPECT_EQ(TextOf([](Sockets& s) { s.epoll_wait(4, nullptr, 1, 0); }),
            "epoll_wait(4, 1, 0) = -1 EFAULT (Bad address)");
}

TEST_F(TracedSocketsTest, EpollSaysWhatWasAskedAndAnswered) {
  Gives(4);
  EXPECT_EQ(TextOf([](Sockets& s) { s.epoll_create1(EPOLL_CLOEXEC); }), "epoll_create1(EPOLL_CLOEXEC) = 4");
  Gives(0);
  epoll_event event{EPOLLIN | EPOLLET, {.fd = 5}};
  EXPECT_EQ(TextOf([&](Sockets& s) { s.epoll_ctl(4, EPOLL_CTL_ADD, 5, &event); }),
            "epoll_ctl(4, EPOLL_CTL_ADD, 5, EPOLLIN|EPOLLET) = 0");
  EXPECT_EQ(TextOf([](Sockets& s) { s.epoll_ctl(4, EPOLL_CTL_DEL, 5, nullptr); }),
            "epoll_ctl(4, EPOLL_CTL_DEL, 5) = 0");
  epoll_event told[16];
  EXPECT_EQ(TextOf([&](Sockets& s) { s.epoll_wait(4, told, 16, 100); }),
            "epoll_wait(4, 16, 100) = 0 (the time is up)");
  Gives(1);
  const timespec limit{1, 0};
  EXPECT_EQ(TextOf([&](Sockets& s) { s.epoll_pwait2(4, told, 16, &limit, nullptr); }),
            "epoll_wait(4, 16, 1000) = 1 [{5, EPOLLIN}]");
  inner_.ready = EPOLLIN | EPOLLRDHUP;
  Gives(8);
  const std::string text = TextOf([&](Sockets& s) { s.epoll_pwait(4, told, 16, -1, nullptr); });
  EXPECT_TRUE(text.starts_with("epoll_wait(4, 16, -1) = 8 [{5, EPOLLIN|EPOLLRDHUP}, {6,")) << text;
  EXPECT_TRUE(text.ends_with("{10, EPOLLIN|EPOLLRDHUP}, ...]")) << text;
}

TEST_F(TracedSocketsTest, MoreDescriptorsThanFitAreSaidToBeThere) {
  std::vector<pollfd> fds(100, {7, POLLIN, 0});
  Gives(1);
  const std::string text = TextOf([&](Sockets& s) { s.poll(fds.data(), fds.size(), -1); });
  EXPECT_TRUE(text.find("{7, POLLIN}, ...], 100, -1)") != std::string::npos) << text;
}

TEST_F(TracedSocketsTest, OptionsHaveNamesAndValues) {
  const int on = 1;
  EXPECT_EQ(TextOf([&](Sockets& s) { s.setsockopt(3, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); }),
            "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, 1) = 0");
  const linger hard{1, 0};
  EXPECT_EQ(TextOf([&](Sockets& s) { s.setsockopt(3, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)); }),
            "setsockopt(3, SOL_SOCKET, SO_LINGER, {on, 0 s}) = 0");
  inner_.ready = ECONNREFUSED;
  int value = 0;
  socklen_t length = sizeof(value);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.getsockopt(3, SOL_SOCKET, SO_ERROR, &value, &length); }),
            "getsockopt(3, SOL_SOCKET, SO_ERROR, ECONNREFUSED) = 0");
}

TEST_F(TracedSocketsTest, TheRestOfTheCalls) {
  EXPECT_EQ(TextOf([](Sockets& s) { s.shutdown(3, SHUT_WR); }), "shutdown(3, SHUT_WR) = 0");
  EXPECT_EQ(TextOf([](Sockets& s) { s.fcntl(3, F_SETFL, O_NONBLOCK); }), "fcntl(3, F_SETFL, O_NONBLOCK) = 0");
  EXPECT_EQ(TextOf([](Sockets& s) { s.fcntl(3, F_GETFL, 0); }), "fcntl(3, F_GETFL) = 0");
  int count = 0;
  EXPECT_EQ(TextOf([&](Sockets& s) { s.ioctl(3, FIONREAD, &count); }), "ioctl(3, FIONREAD, [17]) = 0");
  int ends[2];
  EXPECT_EQ(TextOf([&](Sockets& s) { s.pipe2(ends, 0); }), "pipe([5, 6]) = 0");
  char name[20];
  inner_.data = "server";
  EXPECT_EQ(TextOf([&](Sockets& s) { s.gethostname(name, 20); }), "gethostname(\"server\", 20) = 0");
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.getsockname(3, reinterpret_cast<sockaddr*>(&own), &length); }),
            "getsockname(3, 10.0.0.2:40000) = 0");
  Gives(7);
  EXPECT_EQ(TextOf([](Sockets& s) { s.dup(3); }), "dup(3) = 7");
  EXPECT_EQ(TextOf([](Sockets& s) { s.dup2(3, 7); }), "dup2(3, 7) = 7");
  EXPECT_EQ(TextOf([](Sockets& s) { s.dup3(3, 7, O_CLOEXEC); }), "dup3(3, 7, O_CLOEXEC) = 7");
  Gives(0);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.socketpair(AF_UNIX, SOCK_STREAM, 0, ends); }),
            "socketpair(AF_UNIX, SOCK_STREAM, [5, 6]) = 0");
}

TEST_F(TracedSocketsTest, NamesThatDoNotResolveHaveTheirOwnErrors) {
  addrinfo* list = nullptr;
  EXPECT_EQ(TextOf([&](Sockets& s) { s.getaddrinfo("server", "9999", nullptr, &list); }),
            "getaddrinfo(\"server:9999\") = 0 [10.0.0.2:40000]");
  Gives(EAI_NONAME);
  EXPECT_EQ(TextOf([&](Sockets& s) { s.getaddrinfo("nowhere", nullptr, nullptr, &list); }),
            "getaddrinfo(\"nowhere:\") = EAI_NONAME (Name or service not known)");
}

}  // namespace
}  // namespace lab
