// What getsockopt and setsockopt know.

#include <netinet/tcp.h>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class OptionTest : public ConformanceTest {};

TEST_F(OptionTest, ASocketKnowsWhatItIs) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    self.Equal(self.Option(self.Listen(kPort, 1), SOL_SOCKET, SO_ACCEPTCONN), 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_ERROR), 0);
  });
}

TEST_F(OptionTest, SwitchesAreOffUntilTheyAreSet) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    const std::pair<int, int> switches[] = {
        {SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_KEEPALIVE},
        {SOL_SOCKET, SO_BROADCAST}, {SOL_SOCKET, SO_OOBINLINE}, {SOL_SOCKET, SO_DONTROUTE},
        {SOL_SOCKET, SO_TIMESTAMP}, {SOL_SOCKET, SO_RXQ_OVFL},  {IPPROTO_TCP, TCP_NODELAY}};
    for (const auto& [level, name] : switches) {
      self.Equal(self.Option(fd, level, name), 0);
      self.SetOption(fd, level, name, 7);
      self.Equal(self.Option(fd, level, name), 1);
      self.SetOption(fd, level, name, 0);
      self.Equal(self.Option(fd, level, name), 0);
    }
  });
}

TEST_F(OptionTest, BufferSizesAreStoredDoubled) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, SOL_SOCKET, SO_RCVBUF, 10'000);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVBUF), 20'000);
    self.SetOption(fd, SOL_SOCKET, SO_SNDBUF, 30'000);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_SNDBUF), 60'000);
  });
}

TEST_F(OptionTest, BufferSizesHaveASmallestAndALargest) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, SOL_SOCKET, SO_RCVBUF, 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVBUF), 2304);
    self.SetOption(fd, SOL_SOCKET, SO_SNDBUF, 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_SNDBUF), 4608);
    // The largest is the machine's to say (rmem_max and wmem_max), and has grown with Linux's versions.
    for (int name : {SO_RCVBUF, SO_SNDBUF}) {
      self.SetOption(fd, SOL_SOCKET, name, 2'000'000'000);
      const int largest = self.Option(fd, SOL_SOCKET, name);
      self.True(largest >= 2 * 212'992 && largest < 2'000'000'000, "there is a largest");
      self.SetOption(fd, SOL_SOCKET, name, -1);
      self.Equal(self.Option(fd, SOL_SOCKET, name), largest);
    }
  });
}

TEST_F(OptionTest, BufferSizesBeginAsLinuxHasThem) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVBUF), 131'072);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_SNDBUF), 16'384);
  });
}

TEST_F(OptionTest, TheLeastToReceiveIsAtLeastOneAndAtMostHalfOfTheBuffer) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVLOWAT), 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_SNDLOWAT), 1);
    self.SetOption(fd, SOL_SOCKET, SO_RCVBUF, 10'000);
    const std::pair<int, int> readings[] = {{500, 500}, {0, 1}, {20'000, 10'000}, {1, 1}, {-1, 10'000}};
    for (const auto& [set, read] : readings) {
      self.SetOption(fd, SOL_SOCKET, SO_RCVLOWAT, set);
      self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVLOWAT), read);
    }
  });
}

TEST_F(OptionTest, PrioritiesOfOrdinaryProgramsGoUpToSix) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, SOL_SOCKET, SO_PRIORITY), 0);
    self.SetOption(fd, SOL_SOCKET, SO_PRIORITY, 6);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_PRIORITY), 6);
  });
}

TEST_F(OptionTest, ASocketCanBeKeptToADevice) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    char name[16] = {};
    socklen_t length = sizeof name;
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
    self.Equal(length, 0);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "no-such", 7), ENODEV);
    self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    length = sizeof name;
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length), 0);
    self.Equal(length, 3);
    self.Equal(name, "lo");
  });
}

TEST_F(OptionTest, NobodyKnowsThePeersCredentials) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    ucred peer{7, 7, 7};
    socklen_t length = sizeof peer;
    self.Gives(self->getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length), 0);
    self.Equal(length, sizeof peer);
    self.Equal(peer.pid, 0);
    self.Equal(static_cast<int>(peer.uid), -1);
    self.Equal(static_cast<int>(peer.gid), -1);
  });
}

TEST_F(OptionTest, LingerIsKept) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    linger value{7, 7};
    socklen_t length = sizeof value;
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length), 0);
    self.Equal(length, sizeof value);
    self.Equal(value.l_onoff, 0);
    self.SetLinger(fd, 12);
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length), 0);
    self.Equal(value.l_onoff, 1);
    self.Equal(value.l_linger, 12);
    // Switched off it keeps the time that it had.
    value = {0, 5};
    self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value), 0);
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_LINGER, &value, &length), 0);
    self.Equal(value.l_onoff, 0);
    self.Equal(value.l_linger, 12);
  });
}

TEST_F(OptionTest, TimeoutsAreKept) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    for (int name : {SO_RCVTIMEO, SO_SNDTIMEO}) {
      timeval value{7, 7};
      socklen_t length = sizeof value;
      self.Gives(self->getsockopt(fd, SOL_SOCKET, name, &value, &length), 0);
      self.Equal(length, sizeof value);
      self.Equal(value.tv_sec * 1'000'000 + value.tv_usec, 0);
      value = {2, 500'000};
      self.Gives(self->setsockopt(fd, SOL_SOCKET, name, &value, sizeof value), 0);
      value = {};
      self.Gives(self->getsockopt(fd, SOL_SOCKET, name, &value, &length), 0);
      self.Equal(value.tv_sec, 2);
      self.Equal(value.tv_usec, 500'000);
      value = {0, 1'000'000};
      self.Fails(self->setsockopt(fd, SOL_SOCKET, name, &value, sizeof value), EDOM);
      self.Fails(self->setsockopt(fd, SOL_SOCKET, name, &value, 4), EINVAL);
    }
  });
}

TEST_F(OptionTest, AcceptedSocketsInheritFromTheListener) {
  Alone([](Self& self) {
    const int listener = self.Socket();
    self.SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    self.SetOption(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
    self.SetOption(listener, IPPROTO_TCP, TCP_NODELAY, 1);
    self.SetOption(listener, SOL_SOCKET, SO_RCVBUF, 10'000);
    self.Gives(self->bind(listener, At(kLoopback, kPort), At::kLength), 0);
    self.Gives(self->listen(listener, 5), 0);
    self.Connect(kLoopback, kPort);
    const int fd = self.Accept(listener);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_RCVBUF), 20'000);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
  });
}

TEST_F(OptionTest, AShortSpaceGetsTheFirstBytes) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    unsigned char bytes[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    socklen_t length = 2;
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_TYPE, bytes, &length), 0);
    self.Equal(length, 2);
    self.Equal(bytes[0], SOCK_STREAM);
    self.Equal(bytes[2], 9);
    length = 8;
    self.Gives(self->getsockopt(fd, SOL_SOCKET, SO_TYPE, bytes, &length), 0);
    self.Equal(length, 4);
  });
}

TEST_F(OptionTest, Misuse) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    int value = 1;
    socklen_t length = sizeof value;
    self.Fails(self->getsockopt(77, SOL_SOCKET, SO_TYPE, &value, &length), EBADF);
    self.Fails(self->setsockopt(77, SOL_SOCKET, SO_REUSEADDR, &value, length), EBADF);
    self.Fails(self->getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &value, &length), ENOTSOCK);
    self.Fails(self->setsockopt(ends[0], SOL_SOCKET, SO_REUSEADDR, &value, length), ENOTSOCK);
    self.Fails(self->getsockopt(fd, SOL_SOCKET, 9999, &value, &length), ENOPROTOOPT);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, 9999, &value, length), ENOPROTOOPT);
    for (int name : {SO_ERROR, SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_SNDLOWAT, SO_PEERCRED}) {
      self.Fails(self->setsockopt(fd, SOL_SOCKET, name, &value, length), ENOPROTOOPT);
    }
    for (int name : {SO_SNDBUFFORCE, SO_RCVBUFFORCE}) {
      self.Fails(self->getsockopt(fd, SOL_SOCKET, name, &value, &length), ENOPROTOOPT);
    }
    self.Fails(self->setsockopt(fd, SOL_SOCKET, 9999, &value, 3), EINVAL);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, 9999, &value, 3), EINVAL);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, static_cast<socklen_t>(-1)), EINVAL);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, 4), EFAULT);
    self.Fails(self->getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, nullptr), EFAULT);
    self.Fails(self->getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, &length), EFAULT);
    length = static_cast<socklen_t>(-1);
    self.Fails(self->getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &length), EINVAL);
    length = sizeof value;
    self.Fails(self->getsockopt(fd, IPPROTO_TCP, 9999, &value, &length), ENOPROTOOPT);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, 9999, &value, length), ENOPROTOOPT);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 3), EINVAL);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value), EINVAL);
  });
}

}  // namespace
}  // namespace conformance
