// The calls of one process, where tests/conformance (which holds them against the kernel) can't see them: what costs
// virtual time, what a world at rest shows, and the corners of the simulation's own making.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <vector>

#include "sim/host/world_for_test.h"

namespace sim {
namespace {

using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;

class CallsTest : public WorldTest {
 protected:
  // Runs it as the only process of its host, on a world without a server.
  void Do(std::function<void(Process&, lab::Sockets&)> body) {
    Run(client_, "process", [&](Process& p) {
      body(p, p.sockets());
      return 0;
    });
  }
  // A pair of connected descriptors of the same process.
  static std::pair<int, int> Pair(lab::Sockets& s, uint16_t port = kPort) {
    const int listener = Listener(s, 1, port);
    const int out = ConnectTo(s, 0x7f000001, port);
    const int in = s.accept(listener, nullptr, nullptr);
    s.close(listener);
    return {out, in};
  }
};

TEST_F(CallsTest, EachCallTakesAMicrosecondAndBytesMore) {
  Do([](Process& p, lab::Sockets& s) {
    const Time before = p.now();
    for (int i = 0; i < 10; ++i) Stream(s);
    EXPECT_EQ(p.now() - before, 10 * SimSockets::kCallCost + SimProcess::kClockCost);
    const std::string megabyte(1 << 20, 'x');
    const Time written = p.now();
    s.write(1, megabyte.data(), megabyte.size());
    s.fcntl(1, F_GETFL, 0);
    EXPECT_GT(p.now() - written, std::chrono::microseconds(250));
  });
}

TEST_F(CallsTest, DescriptorsAreTheLowestThatAreFree) {
  Do([](Process&, lab::Sockets& s) {
    EXPECT_EQ(Stream(s), 3);
    EXPECT_EQ(Stream(s), 4);
    EXPECT_EQ(s.close(3), 0);
    EXPECT_EQ(s.dup(4), 3);
    EXPECT_EQ(s.fcntl(4, F_DUPFD, 10), 10);
    EXPECT_EQ(s.dup2(4, 20), 20);
    EXPECT_EQ(s.close(0), 0);
    EXPECT_EQ(Stream(s), 0);
    EXPECT_EQ(Said(s.close(99)), "EBADF");
    EXPECT_EQ(Said(s.dup2(4, 5000)), "EBADF");
  });
}

TEST_F(CallsTest, AProcessHasAThousandDescriptors) {
  Do([](Process&, lab::Sockets& s) {
    int fd = 0;
    while (fd >= 0) {
      const int next = Stream(s);
      if (next < 0) break;
      fd = next;
    }
    EXPECT_EQ(fd, DescriptorTable::kMostDescriptors - 1);
    EXPECT_EQ(errno, EMFILE);
    int ends[2];
    EXPECT_EQ(Said(s.pipe2(ends, 0)), "EMFILE");
  });
}

TEST_F(CallsTest, WhatIsNotASocketSaysSo) {
  Do([](Process&, lab::Sockets& s) {
    char byte = 0;
    EXPECT_EQ(Said(s.send(1, &byte, 1, 0)), "ENOTSOCK");
    EXPECT_EQ(Said(s.listen(0, 1)), "ENOTSOCK");
    EXPECT_EQ(Said(s.read(1, &byte, 1)), "EBADF");
    EXPECT_EQ(Said(s.socket(AF_APPLETALK, SOCK_STREAM, 0)), "EAFNOSUPPORT");
    EXPECT_EQ(Said(s.socket(AF_INET, SOCK_SEQPACKET, 0)), "ESOCKTNOSUPPORT");
    EXPECT_EQ(Said(s.socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)), "EPROTONOSUPPORT");
    EXPECT_EQ(Said(s.socket(AF_INET, 99, 0)), "EINVAL");
    EXPECT_EQ(Said(s.recv(Stream(s), nullptr, 1, 0)), "EFAULT");
    EXPECT_EQ(Said(s.connect(3, nullptr, 16)), "EFAULT");
  });
}

TEST_F(CallsTest, ATimeoutsEndIsExact) {
  Do([](Process& p, lab::Sockets& s) {
    const auto [out, in] = Pair(s);
    pollfd fds[] = {{in, POLLIN, 0}, {-1, POLLIN, 0}, {77, POLLIN, 0}};
    EXPECT_EQ(s.poll(fds, 3, 1000), 1);
    EXPECT_EQ(fds[2].revents, POLLNVAL);
    const Time before = p.now();
    EXPECT_EQ(s.poll(fds, 2, 250), 0);
    EXPECT_EQ(p.now() - before, milliseconds(250) + SimSockets::kCallCost + SimProcess::kClockCost);

    const timeval fifth{0, 200'000};
    EXPECT_EQ(s.setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &fifth, sizeof fifth), 0);
    const Time asked = p.now();
    char byte;
    EXPECT_EQ(Said(s.recv(in, &byte, 1, 0)), "EAGAIN");
    EXPECT_EQ((p.now() - asked) / milliseconds(1), 200);
    timeval stored{};
    socklen_t length = sizeof stored;
    EXPECT_EQ(s.getsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &stored, &length), 0);
    EXPECT_EQ(stored.tv_usec, 200'000);
  });
}

TEST_F(CallsTest, SelectTellsWhatIsReadyAndTheTimeThatIsLeft) {
  Do([](Process& p, lab::Sockets& s) {
    const auto [out, in] = Pair(s);
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(in, &readable);
    timeval second{1, 0};
    EXPECT_EQ(s.select(in + 1, &readable, nullptr, nullptr, &second), 0);
    EXPECT_FALSE(FD_ISSET(in, &readable));
    EXPECT_EQ(second.tv_sec, 0);
    SendText(s, out, "x");
    p.sleep(milliseconds(1));
    FD_SET(in, &readable);
    FD_SET(out, &writable);
    FD_SET(in, &writable);
    second = {1, 0};
    EXPECT_EQ(s.select(10, &readable, &writable, nullptr, &second), 3);
    EXPECT_EQ(second.tv_sec, 1);
    FD_ZERO(&readable);
    FD_SET(50, &readable);
    EXPECT_EQ(Said(s.select(51, &readable, nullptr, nullptr, nullptr)), "EBADF");
  });
}

TEST_F(CallsTest, AWriterWaitsForItsReaderAndEveryByteArrives) {
  constexpr size_t kBytes = 8 << 20;
  Start(server_, "server", [](Process& p) {
    const int fd = p.sockets().accept(Listener(p.sockets(), 1), nullptr, nullptr);
    std::string text(kBytes, '\0');
    for (size_t i = 0; i < kBytes; ++i) text[i] = static_cast<char>(i * 7 + i / 4096);
    p.report("sent", std::to_string(SendText(p.sockets(), fd, text)));
    return 0;
  });
  RunUntilListening();
  const auto& client = Run(client_, "client", [&](Process& p) {
    const int fd = ConnectTo(p.sockets(), server_address_);
    p.sleep(seconds(3));
    const std::string text = ReadAll(p.sockets(), fd);
    bool right = text.size() == kBytes;
    for (size_t i = 0; right && i < kBytes; ++i) right = text[i] == static_cast<char>(i * 7 + i / 4096);
    p.report("right", std::to_string(right));
    return 0;
  });
  EXPECT_EQ(client.Report("right"), "1");
  EXPECT_EQ(world_.outcome(0).Report("sent"), std::to_string(kBytes));
}

TEST_F(CallsTest, WaitallWaitsForAllAndPeekTakesNothing) {
  Do([](Process& p, lab::Sockets& s) {
    const auto [out, in] = Pair(s);
    char buffer[6] = {};
    EXPECT_EQ(Said(s.recv(in, buffer, 6, MSG_WAITALL | MSG_DONTWAIT)), "EAGAIN");
    SendText(s, out, "abc");
    p.sleep(milliseconds(1));
    EXPECT_EQ(s.recv(in, buffer, 2, MSG_PEEK), 2);
    int there = 0;
    EXPECT_EQ(s.ioctl(in, FIONREAD, &there), 0);
    EXPECT_EQ(there, 3);
    SendText(s, out, "def");
    EXPECT_EQ(s.recv(in, buffer, 6, MSG_WAITALL), 6);
    EXPECT_EQ(std::string_view(buffer, 6), "abcdef");
    SendText(s, out, "end");
    s.close(out);
    EXPECT_EQ(s.recv(in, buffer, 6, MSG_WAITALL), 3);
    EXPECT_EQ(s.recv(in, buffer, 6, MSG_WAITALL), 0);
  });
}

TEST_F(CallsTest, SeveralBuffersAreOneStream) {
  Do([](Process&, lab::Sockets& s) {
    const auto [out, in] = Pair(s);
    char first[] = "one", second[] = "three";
    const iovec written[] = {{first, 3}, {nullptr, 0}, {second, 5}};
    EXPECT_EQ(s.writev(out, written, 3), 8);
    char a[2], b[10];
    const iovec read[] = {{a, 2}, {b, 10}};
    EXPECT_EQ(s.readv(in, read, 2), 8);
    EXPECT_EQ(std::string(a, 2) + std::string(b, 6), "onethree");
    EXPECT_EQ(Said(s.readv(in, read, -1)), "EINVAL");
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(written);
    message.msg_iovlen = 1;
    EXPECT_EQ(s.sendmsg(out, &message, 0), 3);
    message.msg_controllen = 7;
    EXPECT_EQ(s.recvmsg(in, &message, 0), 3);
    EXPECT_EQ(message.msg_controllen, 0u);
  });
}

TEST_F(CallsTest, AConnectThatDoesNotBlockIsFinishedByPoll) {
  Do([](Process&, lab::Sockets& s) {
    const int listener = Listener(s, 1);
    const int fd = s.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(Said(ConnectFd(s, fd, 0x7f000001)), "EINPROGRESS");
    EXPECT_EQ(Said(ConnectFd(s, fd, 0x7f000001)), "EALREADY");
    pollfd polled{fd, POLLOUT, 0};
    EXPECT_EQ(s.poll(&polled, 1, -1), 1);
    EXPECT_EQ(polled.revents, POLLOUT);
    EXPECT_EQ(ConnectFd(s, fd, 0x7f000001), 0);
    EXPECT_EQ(Said(ConnectFd(s, fd, 0x7f000001)), "EISCONN");
    s.close(listener);

    const int refused = s.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(Said(ConnectFd(s, refused, 0x7f000001, 1234)), "EINPROGRESS");
    polled = {refused, POLLOUT, 0};
    EXPECT_EQ(s.poll(&polled, 1, -1), 1);
    EXPECT_EQ(polled.revents, POLLOUT | POLLERR | POLLHUP);
    int error = 0;
    socklen_t length = sizeof error;
    EXPECT_EQ(s.getsockopt(refused, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    EXPECT_EQ(error, ECONNREFUSED);
  });
}

TEST_F(CallsTest, APortIsFreeAgainAfterTimeWaitOrByReuse) {
  const auto serve = [&](bool reuse) {
    return [reuse](Process& p) {
      lab::Sockets& s = p.sockets();
      const int listener = Stream(s);
      SetInt(s, listener, SOL_SOCKET, SO_REUSEADDR, reuse);
      p.report("bind", Said(BindTo(s, listener, 0, kPort)));
      s.listen(listener, 1);
      s.close(s.accept(listener, nullptr, nullptr));
      return 0;
    };
  };
  const auto once = [&](bool reuse) {
    const ProcessId server = Start(server_, "server", serve(reuse));
    world_.RunFor(milliseconds(1));
    const ProcessId client = Start(client_, "client", [&](Process& p) {
      ReadAll(p.sockets(), ConnectTo(p.sockets(), server_address_));
      return 0;
    });
    RunUntilExit(client);
    world_.RunFor(milliseconds(10));
    world_.Kill(server);
    return world_.outcome(server).Report("bind");
  };
  EXPECT_EQ(once(true), "ok");
  EXPECT_EQ(once(false), "EADDRINUSE");
  EXPECT_EQ(once(true), "ok");
  world_.RunFor(seconds(61));
  EXPECT_EQ(once(false), "ok");
  EXPECT_EQ(once(true), "EADDRINUSE") << "as in Linux, both must have asked for it";
}

TEST_F(CallsTest, PortsBelow1024ArePrivilegedAndForeignAddressesUnknown) {
  Do([&](Process&, lab::Sockets& s) {
    const int fd = Stream(s);
    EXPECT_EQ(Said(BindTo(s, fd, 0, 80)), "EACCES");
    EXPECT_EQ(Said(BindTo(s, fd, server_address_, kPort)), "EADDRNOTAVAIL");
    EXPECT_EQ(BindTo(s, fd, 0, 0), 0);
    sockaddr_in name{};
    socklen_t length = sizeof name;
    EXPECT_EQ(s.getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length), 0);
    EXPECT_GE(ntohs(name.sin_port), Ports::kFirstEphemeral);
    EXPECT_EQ(Said(BindTo(s, fd, 0, 0)), "EINVAL");
    EXPECT_EQ(Said(BindTo(s, Stream(s), 0x7f000001, ntohs(name.sin_port))), "EADDRINUSE");
  });
}

TEST_F(CallsTest, EphemeralPortsRunOutAndComeBack) {
  Do([](Process&, lab::Sockets& s) {
    // Two listeners of different addresses share nothing; the same port twice does.
    const int one = Stream(s);
    EXPECT_EQ(BindTo(s, one, 0x7f000001, kPort), 0);
    EXPECT_EQ(BindTo(s, Stream(s), 0x7f000002, kPort), 0);
    EXPECT_EQ(Said(BindTo(s, Stream(s), 0, kPort)), "EADDRINUSE");
    s.close(one);
    EXPECT_EQ(BindTo(s, Stream(s), 0x7f000001, kPort), 0);
  });
}

TEST_F(CallsTest, LingeringWaitsForTheAcknowledgement) {
  lab::LinkOptions far;
  far.latency = milliseconds(100);
  world_.SetLink(server_, client_, far);
  Start(server_, "server", [](Process& p) {
    const int fd = p.sockets().accept(Listener(p.sockets(), 1), nullptr, nullptr);
    ReadAll(p.sockets(), fd);
    return 0;
  });
  RunUntilListening();
  const auto& client = Run(client_, "client", [&](Process& p) {
    lab::Sockets& s = p.sockets();
    const int fd = ConnectTo(s, server_address_);
    const linger wait{1, 10};
    s.setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof wait);
    SendText(s, fd, "hello");
    const Time before = p.now();
    s.close(fd);
    p.report("ms", std::to_string((p.now() - before) / milliseconds(1)));
    return 0;
  });
  EXPECT_EQ(client.Report("ms"), "200");
}

TEST_F(CallsTest, LingeringForNoTimeIsAReset) {
  Do([](Process&, lab::Sockets& s) {
    const auto [out, in] = Pair(s);
    const linger none{1, 0};
    s.setsockopt(out, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    s.close(out);
    EXPECT_EQ(ReadAll(s, in), "!ECONNRESET");
    EXPECT_EQ(ReadAll(s, in), "");
    EXPECT_EQ(Said(SendText(s, in, "x")), "EPIPE");
  });
}

TEST_F(CallsTest, PipesHold64KilobytesAndEnd) {
  Do([](Process&, lab::Sockets& s) {
    int ends[2];
    ASSERT_EQ(s.pipe2(ends, O_NONBLOCK), 0);
    const std::string text(100'000, 'x');
    EXPECT_EQ(s.write(ends[1], text.data(), text.size()), 65'536);
    EXPECT_EQ(Said(s.write(ends[1], text.data(), 1)), "EAGAIN");
    std::vector<char> buffer(70'000);
    EXPECT_EQ(s.read(ends[0], buffer.data(), buffer.size()), 65'536);
    EXPECT_EQ(Said(s.read(ends[0], buffer.data(), 1)), "EAGAIN");
    s.close(ends[1]);
    EXPECT_EQ(s.read(ends[0], buffer.data(), 1), 0);
    ASSERT_EQ(s.pipe2(ends, 0), 0);
    s.close(ends[0]);
    EXPECT_EQ(Said(s.write(ends[1], "x", 1)), "EPIPE");
  });
}

TEST_F(CallsTest, NamesOfHostsResolve) {
  Do([&](Process&, lab::Sockets& s) {
    const auto resolve = [&](const char* node, const char* service, int flags = 0) -> std::string {
      addrinfo hints{};
      hints.ai_family = AF_INET;
      hints.ai_socktype = SOCK_STREAM;
      hints.ai_flags = flags;
      addrinfo* list = nullptr;
      const int error = s.getaddrinfo(node, service, &hints, &list);
      if (error != 0) return gai_strerror(error);
      const auto* in = reinterpret_cast<const sockaddr_in*>(list->ai_addr);
      const std::string said = ToString(lab::Endpoint{ntohl(in->sin_addr.s_addr), ntohs(in->sin_port)});
      EXPECT_EQ(list->ai_next, nullptr);
      s.freeaddrinfo(list);
      return said;
    };
    EXPECT_EQ(resolve("alpha", "9999"), "10.0.0.1:9999");
    EXPECT_EQ(resolve("beta", nullptr), "10.0.0.2:0");
    EXPECT_EQ(resolve("localhost", "1"), "127.0.0.1:1");
    EXPECT_EQ(resolve("10.0.0.77", "1"), "10.0.0.77:1");
    EXPECT_EQ(resolve(nullptr, "1", AI_PASSIVE), "0.0.0.0:1");
    EXPECT_EQ(resolve("gamma", "1"), gai_strerror(EAI_NONAME));
    EXPECT_EQ(resolve("alpha", "http?"), gai_strerror(EAI_SERVICE));
    EXPECT_EQ(resolve("alpha", "1", AI_NUMERICHOST), gai_strerror(EAI_NONAME));
    char name[16];
    EXPECT_EQ(s.gethostname(name, sizeof name), 0);
    EXPECT_STREQ(name, "beta");
    EXPECT_EQ(Said(s.gethostname(name, 3)), "ENAMETOOLONG");
  });
}

TEST_F(CallsTest, OptionsAreStoredAsLinuxStoresThem) {
  Do([](Process&, lab::Sockets& s) {
    const int fd = Stream(s);
    const auto get = [&](int level, int option) {
      int value = -1;
      socklen_t length = sizeof value;
      return s.getsockopt(fd, level, option, &value, &length) == 0 ? value : -errno;
    };
    EXPECT_EQ(SetInt(s, fd, SOL_SOCKET, SO_RCVBUF, 10'000), 0);
    EXPECT_EQ(get(SOL_SOCKET, SO_RCVBUF), 20'000);
    EXPECT_EQ(SetInt(s, fd, SOL_SOCKET, SO_SNDBUF, 1), 0);
    EXPECT_EQ(get(SOL_SOCKET, SO_SNDBUF), 4'608);
    EXPECT_EQ(SetInt(s, fd, IPPROTO_TCP, TCP_NODELAY, 5), 0);
    EXPECT_EQ(get(IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(get(SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    EXPECT_EQ(get(SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(get(SOL_SOCKET, 9999), -ENOPROTOOPT);
    EXPECT_EQ(Said(s.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, "x", 1)), "EINVAL");
    EXPECT_EQ(Said(s.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, 4)), "EFAULT");
  });
}

}  // namespace
}  // namespace sim
