// getsockopt and setsockopt at the levels of TCP and IP: what can be set, what is refused, what is inherited.

#include <netinet/tcp.h>

#include <array>
#include <cstring>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class TcpOptionTest : public ConformanceTest {};
class IpOptionTest : public ConformanceTest {};

struct Number {
  const char* name;
  int level;
  int option;
  int usual;
  int least;
  int most;
  int below;  // the largest that is refused
  int above;  // the smallest
};

constexpr int kNone = -12345;  // nothing on that side is refused

constexpr Number kNumbers[] = {
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32767, 0, 32768},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32767, 0, 32768},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127, 0, 128},
    {"TCP_SYNCNT", IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127, 0, 128},
    {"TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG, 536, 88, 32767, 87, 32768},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, 2'000'000'000, -1, kNone},
    {"TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, 0, 0, 4096, -1, kNone},
    {"TCP_FASTOPEN_CONNECT", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0, 0, 1, -1, 2},
    {"TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, 0, 2'000'000'000, kNone, kNone},
    {"IP_TTL", IPPROTO_IP, IP_TTL, 64, 1, 255, 0, 256},
    {"IP_MINTTL", IPPROTO_IP, IP_MINTTL, 0, 0, 255, -1, 256},
    {"IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, 0, 5, -1, 6},
};

TEST_F(TcpOptionTest, NumbersAreKeptWithinTheirBounds) {
  Alone([](Self& self) {
    for (const Number& number : kNumbers) {
      const int fd = self.Socket();
      self.True(self.Option(fd, number.level, number.option) == number.usual, number.name);
      for (int value : {number.least, number.most}) {
        self.SetOption(fd, number.level, number.option, value);
        self.True(self.Option(fd, number.level, number.option) == value, number.name);
      }
      for (int value : {number.below, number.above}) {
        if (value == kNone) continue;
        const int result = self->setsockopt(fd, number.level, number.option, &value, sizeof value);
        self.True(result == -1 && errno == EINVAL, number.name);
      }
      self.True(self.Option(fd, number.level, number.option) == number.most, number.name);
      self.Close(fd);
    }
  });
}

TEST_F(TcpOptionTest, SwitchesAreOffUntilTheyAreSet) {
  Alone([](Self& self) {
    const std::pair<int, int> switches[] = {{IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_CORK},
                                            {IPPROTO_IP, IP_RECVERR},   {IPPROTO_IP, IP_RECVTTL},
                                            {IPPROTO_IP, IP_RECVTOS},   {IPPROTO_IP, IP_PKTINFO},
                                            {IPPROTO_IP, IP_FREEBIND},  {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT}};
    const int fd = self.Socket();
    for (const auto& [level, name] : switches) {
      self.Equal(self.Option(fd, level, name), 0);
      self.SetOption(fd, level, name, -7);
      self.Equal(self.Option(fd, level, name), 1);
      self.SetOption(fd, level, name, 0);
      self.Equal(self.Option(fd, level, name), 0);
    }
  });
}

TEST_F(TcpOptionTest, TheTimeInFinWait2HasALargestAndCanBeSwitchedOff) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), 60);
    self.SetOption(fd, IPPROTO_TCP, TCP_LINGER2, 5);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), 5);
    self.SetOption(fd, IPPROTO_TCP, TCP_LINGER2, 121);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), 120);
    self.SetOption(fd, IPPROTO_TCP, TCP_LINGER2, -5);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), -1);
    self.SetOption(fd, IPPROTO_TCP, TCP_LINGER2, 0);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), 60);
  });
}

TEST_F(TcpOptionTest, WhatTheHostIsSetToIsReadUntilTheSocketHasItsOwn) {
  Knobs knobs;
  knobs.tcp_syn_retries = 3;
  knobs.tcp_fin_timeout = 17;
  const HostId host = AddHost("other", knobs);
  Start(host, "asks", [](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_SYNCNT), 3);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_LINGER2), 17);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(TcpOptionTest, DeferringAcceptIsCountedInSynAcks) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
    const std::pair<int, int> readings[] = {{1, 1}, {2, 3}, {3, 3}, {4, 7}, {10, 15}, {60, 63}, {300, 367}, {0, 0},
                                            {-5, 0}};
    for (const auto& [set, read] : readings) {
      self.SetOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, set);
      self.Equal(self.Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), read);
    }
  });
}

std::string Congestion(Self& self, int fd, socklen_t room = 16) {
  char name[32] = {};
  self.Gives(self->getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &room), 0);
  return std::string(name, strnlen(name, room));
}

TEST_F(TcpOptionTest, CongestionControlHasAName) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    // Machines that keep cubic from network namespaces give them reno.
    const std::string usual = Congestion(self, fd);
    self.True(usual == "cubic" || usual == "reno", usual);
    self.Gives(self->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    self.Equal(Congestion(self, fd), "reno");
    self.Equal(Congestion(self, fd, 3), "ren");
    self.Gives(self->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno\0and more", 13), 0);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "no-such-one", 11), ENOENT);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 2), ENOENT);
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0), EINVAL);
    self.Equal(Congestion(self, fd), "reno");
  });
}

TEST_F(TcpOptionTest, AConnectedSocketIsTooLateForFastOpen) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const int on = 1;
    for (int name : {TCP_FASTOPEN, TCP_FASTOPEN_CONNECT}) {
      self.Fails(self->setsockopt(client, IPPROTO_TCP, name, &on, sizeof on), EINVAL);
    }
  });
}

TEST_F(TcpOptionTest, AcceptedSocketsHaveWhatTheListenerHadWhenTheyConnected) {
  Alone([](Self& self) {
    const Number inherited[] = {
        {"", IPPROTO_TCP, TCP_KEEPIDLE, 7200, 11, 0, 0, 0},   {"", IPPROTO_TCP, TCP_KEEPINTVL, 75, 12, 0, 0, 0},
        {"", IPPROTO_TCP, TCP_KEEPCNT, 9, 13, 0, 0, 0},       {"", IPPROTO_TCP, TCP_SYNCNT, 6, 3, 0, 0, 0},
        {"", IPPROTO_TCP, TCP_LINGER2, 60, 9, 0, 0, 0},       {"", IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 77'000, 0, 0, 0},
        {"", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, 55, 0, 0, 0}, {"", IPPROTO_TCP, TCP_CORK, 0, 1, 0, 0, 0},
        {"", IPPROTO_IP, IP_TTL, 64, 33, 0, 0, 0},            {"", IPPROTO_IP, IP_TOS, 0, 0x10, 0, 0, 0},
        {"", IPPROTO_IP, IP_RECVERR, 0, 1, 0, 0, 0},          {"", SOL_SOCKET, SO_OOBINLINE, 0, 1, 0, 0, 0},
        {"", SOL_SOCKET, SO_RCVLOWAT, 1, 5, 0, 0, 0},
    };
    const int listener = self.Listen(kPort, 5, kLoopback);
    const auto accepted = [&] {
      self.Connect(kLoopback, kPort);
      return self.Accept(listener);
    };
    const auto set = [&](bool usual) {
      for (const Number& one : inherited) {
        self.SetOption(listener, one.level, one.option, usual ? one.usual : one.least);
      }
    };
    const int before = accepted();
    self.Connect(kLoopback, kPort);
    self.Poll(listener, POLLIN, -1);
    set(false);
    const int late = self.Accept(listener);
    const int after = accepted();
    set(true);
    for (const Number& one : inherited) {
      self.Equal(self.Option(before, one.level, one.option), one.usual);
      self.Equal(self.Option(late, one.level, one.option), one.usual);
      self.Equal(self.Option(after, one.level, one.option), one.least);
    }
  });
}

TEST_F(TcpOptionTest, SomeOptionsOfTheListenerAreItsOwn) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5, kLoopback);
    self.SetOption(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3);
    self.SetOption(listener, IPPROTO_TCP, TCP_FASTOPEN, 7);
    self.SetOption(listener, SOL_SOCKET, SO_PRIORITY, 4);
    self.Send(self.Connect(kLoopback, kPort), "x");
    const int fd = self.Accept(listener);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
    self.Equal(self.Option(fd, IPPROTO_TCP, TCP_FASTOPEN), 0);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_PRIORITY), 0);
    self.Equal(self.Option(listener, SOL_SOCKET, SO_PRIORITY), 4);
  });
}

TEST_F(IpOptionTest, AByteAndNothingAreNumbersToo) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    const unsigned char byte = 200;
    self.Gives(self->setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 1), 0);
    self.Equal(self.Option(fd, IPPROTO_IP, IP_TTL), 200);
    self.Fails(self->setsockopt(fd, IPPROTO_IP, IP_TTL, &byte, 0), EINVAL);
    self.Gives(self->setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &byte, 1), 0);
    self.Equal(self.Option(fd, IPPROTO_IP, IP_RECVTTL), 1);
    self.Gives(self->setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &byte, 0), 0);
    self.Equal(self.Option(fd, IPPROTO_IP, IP_RECVTTL), 0);
  });
}

TEST_F(IpOptionTest, AShortSpaceGetsAByte) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    for (socklen_t room : {1, 2, 3, 4, 5}) {
      unsigned char bytes[8] = {9, 9, 9, 9, 9, 9, 9, 9};
      socklen_t length = room;
      self.Gives(self->getsockopt(fd, IPPROTO_IP, IP_TTL, bytes, &length), 0);
      self.Equal(bytes[0], 64);
      self.Equal(length, room < 4 ? 1 : 4);
      self.Equal(bytes[1], room < 4 ? 9 : 0);
    }
  });
}

TEST_F(IpOptionTest, TheUsualTtlCanBeHadAgain) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_IP, IP_TTL, 3);
    self.SetOption(fd, IPPROTO_IP, IP_TTL, -1);
    self.Equal(self.Option(fd, IPPROTO_IP, IP_TTL), 64);
  });
}

TEST_F(IpOptionTest, TheTypeOfServiceLeavesTcpItsTwoBits) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.SetOption(fd, IPPROTO_IP, IP_TOS, 0xff);
    self.Equal(self.Option(fd, IPPROTO_IP, IP_TOS), 0xfc);
  });
}

TEST_F(IpOptionTest, LevelsOfOtherProtocolsAreMisuse) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    int value = 1;
    socklen_t length = sizeof value;
    for (int level : {IPPROTO_UDP + 0, IPPROTO_IPV6 + 0, 1000, -1}) {
      self.Fails(self->getsockopt(fd, level, 1, &value, &length), EOPNOTSUPP);
      self.Fails(self->setsockopt(fd, level, 1, &value, length), ENOPROTOOPT);
    }
    self.Fails(self->getsockopt(fd, IPPROTO_IP, 9999, &value, &length), ENOPROTOOPT);
    self.Fails(self->setsockopt(fd, IPPROTO_IP, 9999, &value, length), ENOPROTOOPT);
  });
}

}  // namespace
}  // namespace conformance
