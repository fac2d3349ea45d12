// Datagrams: sending and receiving them, their boundaries, and what is misuse.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class DatagramTest : public ConformanceTest {};

constexpr uint32_t kElsewhere = 0xc0a80101;  // 192.168.1.1
// What fits into an IPv4 packet beside the headers.
constexpr size_t kLargest = 65'507;

// Two sockets on the loopback, the first of which is connected to the second.
std::pair<int, int> Pair(Self& self) {
  const int server = self.Bind(0, kLoopback);
  const int client = self.Datagram();
  self.Gives(self->connect(client, At(kLoopback, self.LocalPort(server)), At::kLength), 0);
  return {client, server};
}

TEST_F(DatagramTest, ADatagramArrivesAndIsAnswered) {
  Start(server_, "server", [this](Self& self) {
    const int fd = self.Bind(kPort);
    const Self::From got = self.ReceiveFrom(fd);
    self.Equal(got.bytes, "hello");
    self.Equal(got.address, Text(address(client_), 7777));
    self.SendTo(fd, "welcome", address(client_), 7777);
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Bind(7777);
    self.SendTo(fd, "hello", address(server_), kPort);
    const Self::From got = self.ReceiveFrom(fd);
    self.Equal(got.bytes, "welcome");
    self.Equal(got.address, Text(address(server_), kPort));
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramTest, EachKeepsItsBoundaries) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    for (const char* text : {"one", "two", "three"}) self.Send(client, text);
    for (const char* text : {"one", "two", "three"}) self.ExpectDatagram(server, text);
    self.ExpectNone(server);
  });
}

TEST_F(DatagramTest, WhatDoesNotFitIsLost) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    self.Send(client, "next");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 2, 0), 2);
    self.Equal(std::string_view(bytes, 2), "he");
    self.ExpectDatagram(server, "next");
  });
}

TEST_F(DatagramTest, TruncGivesTheWholeLength) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 2, MSG_TRUNC | MSG_PEEK), 5);
    self.Gives(self->recv(server, bytes, 10, MSG_TRUNC | MSG_PEEK), 5);
    self.Gives(self->recv(server, bytes, 2, MSG_TRUNC), 5);
    self.Equal(std::string_view(bytes, 2), "he");
    self.ExpectNone(server);
  });
}

TEST_F(DatagramTest, RecvmsgSaysWhetherItWasCutAndWhoSentIt) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    self.Send(client, "hello");
    char first[2], second[2], third[8];
    iovec in[] = {{first, 2}, {second, 2}, {third, 8}};
    sockaddr_in from{};
    char control[64];
    msghdr message{};
    message.msg_iov = in;
    message.msg_iovlen = 2;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    self.Gives(self->recvmsg(server, &message, 0), 4);
    self.Equal(message.msg_flags, MSG_TRUNC);
    self.Equal(message.msg_namelen, sizeof from);
    self.Equal(Text(ntohl(from.sin_addr.s_addr), ntohs(from.sin_port)), self.Name(client));
    self.Equal(message.msg_controllen, 0);
    message.msg_iovlen = 3;
    message.msg_name = nullptr;
    self.Gives(self->recvmsg(server, &message, 0), 5);
    self.Equal(message.msg_flags, 0);
    // Nothing is said of a name that nobody asked for.
    self.Equal(message.msg_namelen, sizeof from);
    self.Equal(std::string(first, 2) + std::string(second, 2) + std::string(third, 1), "hello");
  });
}

TEST_F(DatagramTest, RecvmsgWithTruncGivesTheWholeLengthAndTheFlag) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    char byte;
    iovec in{&byte, 1};
    msghdr message{};
    message.msg_iov = &in;
    message.msg_iovlen = 1;
    self.Gives(self->recvmsg(server, &message, MSG_TRUNC), 5);
    self.Equal(message.msg_flags, MSG_TRUNC);
  });
}

TEST_F(DatagramTest, SendmsgSendsItsBuffersAsOne) {
  Alone([](Self& self) {
    const int server = self.Bind(kPort);
    const int client = self.Datagram();
    std::string a = "hello", b, c = ", world";
    iovec out[] = {{a.data(), a.size()}, {b.data(), b.size()}, {c.data(), c.size()}};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(kLoopback);
    to.sin_port = htons(kPort);
    msghdr message{};
    message.msg_iov = out;
    message.msg_iovlen = 3;
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    self.Gives(self->sendmsg(client, &message, 0), 12);
    self.ExpectDatagram(server, "hello, world");
    message.msg_iovlen = 0;
    self.Gives(self->sendmsg(client, &message, 0), 0);
    self.ExpectDatagram(server, "");
    message.msg_namelen = 0;
    self.Fails(self->sendmsg(client, &message, 0), EDESTADDRREQ);
    message.msg_namelen = sizeof to - 1;
    self.Fails(self->sendmsg(client, &message, 0), EINVAL);
  });
}

TEST_F(DatagramTest, PeekLeavesIt) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    self.Send(client, "next");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 3, MSG_PEEK), 3);
    self.Equal(self.ReceiveFrom(server, MSG_PEEK).bytes, "hello");
    self.Equal(self.ReceiveFrom(server, MSG_PEEK).address, self.Name(client));
    self.ExpectDatagram(server, "hello");
    self.ExpectDatagram(server, "next");
  });
}

TEST_F(DatagramTest, AnEmptyOneArrives) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Gives(self->send(client, nullptr, 0, 0), 0);
    self.Equal(self.Poll(server, POLLIN, 0), POLLIN);
    char byte;
    self.Gives(self->recv(server, &byte, 1, MSG_PEEK), 0);
    self.Gives(self->recv(server, &byte, 1, 0), 0);
    self.ExpectNone(server);
  });
}

TEST_F(DatagramTest, WritingNothingSendsAnEmptyOneAndWritingNoBuffersNone) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    char byte = 0;
    iovec none{&byte, 0};
    self.Gives(self->write(client, &byte, 0), 0);
    self.Gives(self->writev(client, &none, 1), 0);
    self.Gives(self->writev(client, &none, 0), 0);
    self.ExpectDatagram(server, "");
    self.ExpectNone(server);
  });
}

TEST_F(DatagramTest, ReceivingIntoNothingTakesOneAndReadingDoesNot) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "one");
    self.Send(client, "two");
    char byte;
    self.Gives(self->read(server, &byte, 0), 0);
    self.Gives(self->recv(server, &byte, 0, MSG_PEEK), 0);
    self.Gives(self->recv(server, &byte, 0, 0), 0);
    self.ExpectDatagram(server, "two");
    self.Gives(self->read(server, &byte, 0), 0);
    self.Fails(self->recv(server, &byte, 0, MSG_DONTWAIT), EAGAIN);
  });
}

TEST_F(DatagramTest, ReadAndWriteMoveOneEach) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Gives(self->write(client, "hello", 5), 5);
    self.Gives(self->write(client, "world", 5), 5);
    char first[3], second[10];
    self.Gives(self->read(server, first, 3), 3);
    iovec in[] = {{first, 3}, {second, 10}};
    self.Gives(self->readv(server, in, 2), 5);
    self.Equal(std::string(first, 3) + std::string(second, 2), "world");
  });
}

TEST_F(DatagramTest, WaitallWaitsForNoSecondOne) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "hello");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 5);
  });
}

TEST_F(DatagramTest, TheLargestArrivesWhole) {
  Start(server_, "server", [](Self& self) {
    self.ExpectDatagram(self.Bind(kPort), Numbered(kLargest));
  });
  ASSERT_TRUE(WaitUntilBound(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    self.SendTo(self.Datagram(), Numbered(kLargest), address(server_), kPort);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(DatagramTest, ALargerOneIsTooLarge) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    const std::string bytes = Numbered(70'000);
    self.Gives(self->send(client, bytes.data(), kLargest, 0), kLargest);
    for (const size_t length : {kLargest + 1, size_t{65'535}, size_t{65'536}, size_t{70'000}}) {
      self.Fails(self->send(client, bytes.data(), length, 0), EMSGSIZE);
      self.Fails(self->sendto(self.Datagram(), bytes.data(), length, 0, At(kLoopback, kPort), At::kLength), EMSGSIZE);
    }
    self.ExpectDatagram(server, bytes.substr(0, kLargest));
    self.ExpectNone(server);
  });
}

TEST_F(DatagramTest, OneThatLeavesItsSizeIsCheckedAfterItsAddress) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    const std::string bytes = Numbered(70'000);
    self.Fails(self->send(fd, bytes.data(), kLargest + 1, 0), EDESTADDRREQ);
    self.Fails(self->send(fd, bytes.data(), 65'536, 0), EMSGSIZE);
    self.Fails(self->sendto(fd, bytes.data(), kLargest + 1, 0, At(kElsewhere, kPort), At::kLength), ENETUNREACH);
    self.Fails(self->sendto(fd, bytes.data(), 65'536, 0, At(kElsewhere, kPort), At::kLength), EMSGSIZE);
  });
}

TEST_F(DatagramTest, AnUnconnectedSocketNeedsAnAddress) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.Fails(self->send(fd, "x", 1, 0), EDESTADDRREQ);
    self.Fails(self->write(fd, "x", 1), EDESTADDRREQ);
    self.Fails(self->sendto(fd, "x", 1, 0, nullptr, 0), EDESTADDRREQ);
    self.True(self.LocalPort(fd) != 0, "the attempt has bound it");
  });
}

TEST_F(DatagramTest, AddressesThatAreNoneAreMisuse) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, 0), At::kLength), EINVAL);
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, kPort), At::kLength - 1), EINVAL);
    self.Fails(self->sendto(fd, "x", 1, 0, At(kLoopback, kPort), 0), EINVAL);
    sockaddr_in in{};
    in.sin_family = AF_UNIX;
    in.sin_addr.s_addr = htonl(kLoopback);
    in.sin_port = htons(kPort);
    const auto* address = reinterpret_cast<const sockaddr*>(&in);
    self.Fails(self->sendto(fd, "x", 1, 0, address, sizeof in), EAFNOSUPPORT);
    self.Fails(self->connect(fd, address, sizeof in), EAFNOSUPPORT);
    self.Fails(self->connect(fd, address, 4), EINVAL);
    // What is wrong with the message itself is told first.
    const std::string large(65'536, 'x');
    self.Fails(self->sendto(fd, large.data(), large.size(), 0, address, sizeof in), EMSGSIZE);
    self.Fails(self->sendto(fd, "x", 1, MSG_OOB, address, sizeof in), EOPNOTSUPP);
    const int server = self.Bind(kPort);
    in.sin_family = AF_UNSPEC;
    self.Gives(self->sendto(fd, "x", 1, 0, address, sizeof in), 1);
    self.ExpectDatagram(server, "x");
  });
}

TEST_F(DatagramTest, ThereIsNoWayToOtherNetworks) {
  Alone([](Self& self) {
    const int fd = self.Datagram();
    for (const uint32_t elsewhere : {kElsewhere, uint32_t{0xe0000001}, uint32_t{0xffffffff}, uint32_t{1}}) {
      self.Fails(self->sendto(fd, "x", 1, 0, At(elsewhere, kPort), At::kLength), ENETUNREACH);
      self.Fails(self->connect(fd, At(elsewhere, kPort), At::kLength), ENETUNREACH);
    }
  });
}

TEST_F(DatagramTest, ToNobodyItIsSentAllTheSame) {
  Alone([this](Self& self) {
    const int fd = self.Datagram();
    self.SendTo(fd, "x", address(client_) + 100, kPort);
    self.SendTo(fd, "x", address(client_) + 100, kPort);
    self.Equal(self.TakeError(fd), 0);
  });
}

TEST_F(DatagramTest, ThereIsNoUrgentData) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Fails(self->send(client, "x", 1, MSG_OOB), EOPNOTSUPP);
    self.Send(client, "hello");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_OOB), 5);
  });
}

TEST_F(DatagramTest, NothingListensOrAccepts) {
  Alone([](Self& self) {
    const int fd = self.Bind(kPort);
    self.Fails(self->listen(fd, 5), EOPNOTSUPP);
    self.Fails(self->accept(fd, nullptr, nullptr), EOPNOTSUPP);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
  });
}

TEST_F(DatagramTest, TheProtocolIsUdp) {
  Alone([](Self& self) {
    const int fd = self.Ok(self->socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
    self.Equal(self.Option(fd, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    self.Equal(self.Option(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    self.Equal(self->fcntl(fd, F_GETFL, 0), O_RDWR | O_NONBLOCK);
    self.Equal(self->fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    self.Fails(self->socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
    self.Fails(self->socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    int value = 1;
    socklen_t length = sizeof value;
    self.Fails(self->setsockopt(fd, IPPROTO_TCP, 1, &value, sizeof value), ENOPROTOOPT);
    self.Fails(self->getsockopt(fd, IPPROTO_TCP, 1, &value, &length), EOPNOTSUPP);
  });
}

TEST_F(DatagramTest, AddressesAreCutToTheRoomThatThereIs) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Send(client, "one");
    self.Send(client, "two");
    char bytes[10];
    sockaddr_in from{};
    socklen_t length = 4;
    self.Gives(self->recvfrom(server, bytes, 10, 0, reinterpret_cast<sockaddr*>(&from), &length), 3);
    self.Equal(length, sizeof from);
    self.Equal(ntohs(from.sin_port), self.LocalPort(client));
    self.Equal(from.sin_addr.s_addr, 0);
    length = 0;
    self.Gives(self->recvfrom(server, bytes, 10, 0, nullptr, &length), 3);
    self.Equal(length, 0);
  });
}

TEST_F(DatagramTest, NoMemoryIsMisuse) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    self.Fails(self->send(client, nullptr, 5, 0), EFAULT);
  });
}

TEST_F(DatagramTest, FionreadIsTheNextOnesLength) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    int bytes = -1;
    self.Gives(self->ioctl(server, FIONREAD, &bytes), 0);
    self.Equal(bytes, 0);
    self.Send(client, "hello");
    self.Send(client, "you");
    self.Gives(self->ioctl(server, FIONREAD, &bytes), 0);
    self.Equal(bytes, 5);
    self.ExpectDatagram(server, "hello");
    self.Gives(self->ioctl(server, FIONREAD, &bytes), 0);
    self.Equal(bytes, 3);
    self.Gives(self->ioctl(client, TIOCOUTQ, &bytes), 0);
    self.Equal(bytes, 0);
    self.Fails(self->ioctl(server, 0x12345, &bytes), ENOTTY);
  });
}

TEST_F(DatagramTest, WhatArrivedIsForgottenAtClose) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    const uint16_t port = self.LocalPort(server);
    self.Send(client, "hello");
    self.Close(server);
    const int again = self.Bind(port, kLoopback);
    self.ExpectNone(again);
    self.Send(client, "again");
    self.ExpectDatagram(again, "again");
  });
}

TEST_F(DatagramTest, DupIsTheSameSocket) {
  Alone([](Self& self) {
    const auto [client, server] = Pair(self);
    const int copy = self.Ok(self->dup(server));
    self.Send(client, "hello");
    self.Close(server);
    self.ExpectDatagram(copy, "hello");
  });
}

}  // namespace
}  // namespace conformance
