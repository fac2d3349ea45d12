// What comes and goes beside a datagram's bytes: addresses, hops, errors.

#include <netinet/in.h>
#include <time.h>
// Needs the one above.
#include <linux/errqueue.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramAncillaryTest : public ConformanceTest {};

constexpr uint16_t kNobody = 9998;

struct Ancillary {
  int level;
  int type;
  std::string data;
};

struct Received {
  std::string bytes;
  std::string from;
  int flags = 0;
  std::vector<Ancillary> ancillary;
};

Received ReceiveMessage(Self& self, int fd, size_t room = 500, int flags = 0, size_t most = 100) {
  std::string bytes(most, '\0');
  alignas(cmsghdr) char control[500];
  sockaddr_in from{};
  iovec buffer{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = room;
  bytes.resize(static_cast<size_t>(self.Ok(self->recvmsg(fd, &message, flags))));
  Received received{bytes, Text(ntohl(from.sin_addr.s_addr), ntohs(from.sin_port)), message.msg_flags, {}};
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    const auto* data = reinterpret_cast<const char*>(CMSG_DATA(one));
    received.ancillary.push_back({one->cmsg_level, one->cmsg_type, {data, one->cmsg_len - CMSG_LEN(0)}});
  }
  return received;
}

template <typename T>
T As(Self& self, const Ancillary& ancillary, int level, int type) {
  self.Equal(ancillary.level, level);
  self.Equal(ancillary.type, type);
  self.Equal(static_cast<long>(ancillary.data.size()), sizeof(T));
  T value;
  std::memcpy(&value, ancillary.data.data(), sizeof value);
  return value;
}

// sendmsg of one byte to port `port` of the loopback with one ancillary message.
ssize_t SendWith(Self& self, int fd, int level, int type, const std::string& data, uint32_t address = kLoopback) {
  alignas(cmsghdr) char control[100] = {};
  char byte = 'x';
  iovec buffer{&byte, 1};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(address);
  to.sin_port = htons(kPort);
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof to;
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(data.size());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(data.size());
  std::memcpy(CMSG_DATA(header), data.data(), data.size());
  return self->sendmsg(fd, &message, 0);
}

template <typename T>
std::string BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

in_pktinfo FromAddress(uint32_t address, int device = 0) {
  in_pktinfo info{};
  info.ipi_ifindex = device;
  info.ipi_spec_dst.s_addr = htonl(address);
  return info;
}

TEST_F(DatagramAncillaryTest, NothingComesThatNobodyAskedFor) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    self.SendTo(fd, "x", kLoopback, kPort);
    const Received received = ReceiveMessage(self, fd);
    self.Equal(static_cast<long>(received.ancillary.size()), 0);
    self.Equal(received.flags, 0);
  });
}

TEST_F(DatagramAncillaryTest, WhereADatagramCameToAndHow) {
  Alone([this](Self& self) {
    const int server = self.Bind(kPort);
    for (const int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) self.SetOption(server, IPPROTO_IP, option, 1);
    const int client = self.Datagram();
    self.SetOption(client, SOL_SOCKET, SO_BROADCAST, 1);
    self.SetOption(client, IPPROTO_IP, IP_TTL, 7);
    self.SetOption(client, IPPROTO_IP, IP_TOS, 0x10);
    struct Case {
      uint32_t to;
      int device;
      uint32_t own;
    };
    const uint32_t own = address(server_);
    for (const Case& c : {Case{kLoopback, 1, kLoopback}, {0x7f000005, 1, 0x7f000005}, {own, 2, own},
                          {0x7fffffff, 1, kLoopback}, {0x0affffff, 2, own}}) {
      self.SendTo(client, "x", c.to, kPort);
      const Received received = ReceiveMessage(self, server);
      self.Equal(static_cast<long>(received.ancillary.size()), 3);
      const auto info = As<in_pktinfo>(self, received.ancillary[0], IPPROTO_IP, IP_PKTINFO);
      self.Equal(Text(ntohl(info.ipi_addr.s_addr), 0), Text(c.to, 0));
      self.Equal(Text(ntohl(info.ipi_spec_dst.s_addr), 0), Text(c.own, 0));
      self.Equal(info.ipi_ifindex, c.device);
      self.Equal(As<int>(self, received.ancillary[1], IPPROTO_IP, IP_TTL), 7);
      self.Equal(As<uint8_t>(self, received.ancillary[2], IPPROTO_IP, IP_TOS), 0x10);
    }
  });
}

TEST_F(DatagramAncillaryTest, WhatComesFromAnotherHostSaysSo) {
  Start(server_, "server", [this](Self& self) {
    const int fd = self.Bind(kPort);
    for (const int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) self.SetOption(fd, IPPROTO_IP, option, 1);
    self.PassGate(1);
    const Received received = ReceiveMessage(self, fd);
    const auto info = As<in_pktinfo>(self, received.ancillary.at(0), IPPROTO_IP, IP_PKTINFO);
    self.Equal(info.ipi_ifindex, 2);
    self.Equal(Text(ntohl(info.ipi_addr.s_addr), 0), Text(address(server_), 0));
    self.Equal(As<int>(self, received.ancillary.at(1), IPPROTO_IP, IP_TTL), 64);
    self.Equal(As<uint8_t>(self, received.ancillary.at(2), IPPROTO_IP, IP_TOS), 0);
  });
  ASSERT_TRUE(Open(server_, 1));
  Start(client_, "client", [this](Self& self) { self.SendTo(self.Datagram(), "x", address(server_), kPort); });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramAncillaryTest, WhatHasNoRoomIsCut) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    for (const int option : {IP_PKTINFO, IP_RECVTTL}) self.SetOption(fd, IPPROTO_IP, option, 1);
    struct Case {
      size_t room;
      std::vector<size_t> lengths;
      bool cut;
    };
    for (const Case& c : {Case{0, {}, true}, {15, {}, true}, {16, {0}, true}, {20, {4}, true}, {28, {12}, true},
                          {32, {12}, true}, {48, {12, 0}, true}, {52, {12, 4}, false}, {56, {12, 4}, false}}) {
      self.SendTo(fd, "x", kLoopback, kPort);
      const Received received = ReceiveMessage(self, fd, c.room);
      self.Equal(static_cast<long>(received.ancillary.size()), static_cast<long>(c.lengths.size()));
      for (size_t i = 0; i < c.lengths.size(); ++i) {
        self.Equal(static_cast<long>(received.ancillary[i].data.size()), static_cast<long>(c.lengths[i]));
      }
      self.Equal(received.flags, c.cut ? MSG_CTRUNC : 0);
    }
  });
}

TEST_F(DatagramAncillaryTest, ASenderCanChooseItsAddressHopsAndService) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    for (const int option : {IP_RECVTTL, IP_RECVTOS}) self.SetOption(server, IPPROTO_IP, option, 1);
    const int client = self.Datagram();
    self.Gives(SendWith(self, client, IPPROTO_IP, IP_PKTINFO, BytesOf(FromAddress(0x7f000009))), 1);
    self.Equal(ReceiveMessage(self, server).from, Text(0x7f000009, self.LocalPort(client)));
    self.Gives(SendWith(self, client, IPPROTO_IP, IP_TTL, BytesOf(int{3})), 1);
    self.Equal(As<int>(self, ReceiveMessage(self, server).ancillary.at(0), IPPROTO_IP, IP_TTL), 3);
    for (const std::string& service : {BytesOf(int{0x20}), BytesOf(uint8_t{0x20})}) {
      self.Gives(SendWith(self, client, IPPROTO_IP, IP_TOS, service), 1);
      self.Equal(As<uint8_t>(self, ReceiveMessage(self, server).ancillary.at(1), IPPROTO_IP, IP_TOS), 0x20);
    }
    // Another protocol's is passed over.
    self.Gives(SendWith(self, client, IPPROTO_TCP, 1, BytesOf(int{3})), 1);
    self.ExpectDatagram(server, "x");
  });
}

TEST_F(DatagramAncillaryTest, WhatCannotBeIsMisuse) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_TTL, BytesOf(int{0})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_TTL, BytesOf(int{256})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_TTL, BytesOf(uint8_t{3})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_TOS, BytesOf(int{256})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_PKTINFO, BytesOf(int{0})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, 77, BytesOf(int{0})), EINVAL);
    self.Fails(SendWith(self, fd, SOL_SOCKET, 77, BytesOf(int{0})), EINVAL);
    self.Fails(SendWith(self, fd, IPPROTO_IP, IP_PKTINFO, BytesOf(FromAddress(kLoopback, 99))), ENODEV);
    self.ExpectNone(fd);
  });
}

// The error that came with an ancillary message, and whose it was.
struct QueuedError {
  sock_extended_err error;
  sockaddr_in offender;
};

TEST_F(DatagramAncillaryTest, AnUnconnectedSocketCanAskToBeTold) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.SetOption(fd, IPPROTO_IP, IP_RECVERR, 1);
    self.SendTo(fd, "hello", kLoopback, kNobody);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT | POLLERR);
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, kNobody), At::kLength), ECONNREFUSED);
    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT | POLLERR);

    const Received received = ReceiveMessage(self, fd, 500, MSG_ERRQUEUE);
    self.Equal(received.bytes, "hello");
    self.Equal(received.from, Text(kLoopback, kNobody));
    self.Equal(received.flags, MSG_ERRQUEUE);
    self.Equal(static_cast<long>(received.ancillary.size()), 1);
    const auto queued = As<QueuedError>(self, received.ancillary[0], IPPROTO_IP, IP_RECVERR);
    self.Equal(queued.error.ee_errno, ECONNREFUSED);
    self.Equal(queued.error.ee_origin, SO_EE_ORIGIN_ICMP);
    self.Equal(queued.error.ee_type, 3);
    self.Equal(queued.error.ee_code, 3);
    self.Equal(queued.offender.sin_family, AF_INET);
    self.Equal(Text(ntohl(queued.offender.sin_addr.s_addr), 0), Text(kLoopback, 0));

    self.Equal(self.Poll(fd, POLLIN | POLLOUT, 0), POLLOUT);
    char byte;
    self.Fails(self->recv(fd, &byte, 1, MSG_ERRQUEUE), EAGAIN);
    self.Equal(self.TakeError(fd), 0);
  });
}

TEST_F(DatagramAncillaryTest, TakingAnErrorFromTheQueueMakesTheNextOnePending) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.SetOption(fd, IPPROTO_IP, IP_RECVERR, 1);
    self.SendTo(fd, "one", kLoopback, kNobody);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.SendTo(fd, "two", kLoopback, kNobody);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(self.TakeError(fd), 0);
    self.Equal(self.Poll(fd, 0, 0), POLLERR);
    const Received received = ReceiveMessage(self, fd, 500, MSG_ERRQUEUE, 2);
    self.Equal(received.bytes, "on");
    self.Equal(received.flags, MSG_ERRQUEUE | MSG_TRUNC);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
    self.Equal(ReceiveMessage(self, fd, 500, MSG_ERRQUEUE).bytes, "two");
    self.Equal(self.Poll(fd, 0, 0), 0);
  });
}

TEST_F(DatagramAncillaryTest, WhatIsTooLargeIsQueuedToo) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.SetOption(fd, IPPROTO_IP, IP_RECVERR, 1);
    const std::string large(65'508, 'x');
    self.Fails(self->sendto(fd, large.data(), large.size(), 0, At(kLoopback, kPort), At::kLength), EMSGSIZE);
    const Received received = ReceiveMessage(self, fd, 500, MSG_ERRQUEUE);
    self.Equal(received.bytes, "");
    const auto queued = As<QueuedError>(self, received.ancillary.at(0), IPPROTO_IP, IP_RECVERR);
    self.Equal(queued.error.ee_errno, EMSGSIZE);
    self.Equal(queued.error.ee_origin, SO_EE_ORIGIN_LOCAL);
    self.Equal(queued.error.ee_info, 65'535);
  });
}

TEST_F(DatagramAncillaryTest, WithoutTheQueueNothingIsInIt) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.Gives(self->connect(fd, At(kLoopback, kNobody), At::kLength), 0);
    self.Send(fd, "x");
    char byte;
    self.Fails(self->recv(fd, &byte, 1, MSG_ERRQUEUE), EAGAIN);
    self.Equal(self.TakeError(fd), ECONNREFUSED);
  });
}

TEST_F(DatagramAncillaryTest, WhatMustNotBeCutIsTooLargeForItsLink) {
  LinkOptions small;
  small.mtu = 1500;
  world().SetLink(server_, client_, small);
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    self.SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    const std::string bytes(1'473, 'x');
    self.SendTo(fd, std::string_view(bytes).substr(1), address(server_), kPort);
    self.Fails(self->sendto(fd, bytes.data(), bytes.size(), 0, At(address(server_), kPort), At::kLength), EMSGSIZE);
    self.SendTo(fd, bytes, kLoopback, kPort);
    self.SetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
    self.SendTo(fd, bytes, address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramAncillaryTest, ASmallSendBufferHasNoRoomForManyPieces) {
  LinkOptions small;
  small.mtu = 1500;
  world().SetLink(server_, client_, small);
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Datagram();
    const std::string bytes(20'000, 'x');
    self.SendTo(fd, bytes, address(server_), kPort);
    self.SetOption(fd, SOL_SOCKET, SO_SNDBUF, 1);
    self.Fails(self->sendto(fd, bytes.data(), bytes.size(), 0, At(address(server_), kPort), At::kLength), ENOBUFS);
    self.SendTo(fd, std::string_view(bytes).substr(0, 5'000), address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
}

}  // namespace
}  // namespace conformance
