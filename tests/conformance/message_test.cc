// Sending and receiving, call by call: flags, several buffers, time limits, misuse.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <string>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class MessageTest : public ConformanceTest {};

int Available(Self& self, int fd) {
  int bytes = -1;
  self.Gives(self->ioctl(fd, FIONREAD, &bytes), 0);
  return bytes;
}

// Sends the bytes and waits until they have all arrived.
void Deliver(Self& self, int from, int to, const std::string& bytes) {
  const int before = Available(self, to);
  self.Send(from, bytes);
  const Time limit = self.now() + 10s;
  while (Available(self, to) < before + static_cast<int>(bytes.size()) && self.now() < limit) {
    self.process().sleep(1ms);
  }
  self.Equal(Available(self, to), before + static_cast<long>(bytes.size()));
}

TEST_F(MessageTest, PeekLeavesTheBytes) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Deliver(self, client, server, "hello");
    char bytes[10] = {};
    self.Gives(self->recv(server, bytes, 3, MSG_PEEK), 3);
    self.Equal(std::string_view(bytes, 3), "hel");
    self.Gives(self->recv(server, bytes, 10, MSG_PEEK), 5);
    self.Equal(Available(self, server), 5);
    self.Gives(self->recv(server, bytes, 10, 0), 5);
    self.Equal(std::string_view(bytes, 5), "hello");
    self.Equal(Available(self, server), 0);
  });
}

TEST_F(MessageTest, PeekSeesTheEndToo) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Close(client);
    char byte;
    self.Gives(self->recv(server, &byte, 1, MSG_PEEK), 0);
    self.Gives(self->recv(server, &byte, 1, 0), 0);
  });
}

TEST_F(MessageTest, AReceiveTakesWhatIsThere) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Deliver(self, client, server, "ab");
    Deliver(self, client, server, "cd");
    char bytes[10] = {};
    self.Gives(self->recv(server, bytes, 3, 0), 3);
    self.Equal(std::string_view(bytes, 3), "abc");
    self.Gives(self->recv(server, bytes, 10, 0), 1);
  });
}

TEST_F(MessageTest, WaitallWaitsForAllOfThem) {
  Start(server_, "server", [](Self& self) {
    const int fd = self.Accept(self.Listen(kPort, 5));
    for (const char* piece : {"one", "two", "three"}) {
      self.Send(fd, piece);
      self.process().sleep(20ms);
    }
  });
  ASSERT_TRUE(WaitUntilListening(server_, kPort));
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Connect(address(server_), kPort);
    char bytes[20] = {};
    self.Gives(self->recv(fd, bytes, 10, MSG_WAITALL), 10);
    self.Equal(std::string_view(bytes, 10), "onetwothre");
    self.Gives(self->recv(fd, bytes, 10, MSG_WAITALL), 1);
    self.Gives(self->recv(fd, bytes, 10, MSG_WAITALL), 0);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(MessageTest, DontwaitDoesNotWait) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char bytes[10];
    self.Fails(self->recv(server, bytes, 10, MSG_DONTWAIT), EAGAIN);
    Deliver(self, client, server, "hello");
    self.Gives(self->recv(server, bytes, 10, MSG_DONTWAIT | MSG_WAITALL), 5);
    self.Fails(self->recv(server, bytes, 10, MSG_DONTWAIT | MSG_WAITALL), EAGAIN);
    self.Close(client);
    self.WaitForEvents(server, POLLIN, POLLIN);
    self.Gives(self->recv(server, bytes, 10, MSG_DONTWAIT), 0);
  });
}

TEST_F(MessageTest, NonBlockingReceivesGiveEagain) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.SetNonBlocking(server);
    char byte;
    self.Fails(self->recv(server, &byte, 1, 0), EAGAIN);
    self.Fails(self->read(server, &byte, 1), EAGAIN);
    int off = 0;
    self.Gives(self->ioctl(server, FIONBIO, &off), 0);
    self.Gives(self->fcntl(server, F_GETFL, 0), O_RDWR);
    int on = 1;
    self.Gives(self->ioctl(server, FIONBIO, &on), 0);
    self.Fails(self->recv(server, &byte, 1, 0), EAGAIN);
    self.Send(client, "x");
    self.WaitForEvents(server, POLLIN, POLLIN);
    self.Gives(self->recv(server, &byte, 1, 0), 1);
  });
}

TEST_F(MessageTest, NothingIsReceivedIntoNothing) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Deliver(self, client, server, "x");
    char byte;
    self.Gives(self->recv(server, &byte, 0, 0), 0);
    self.Gives(self->read(server, &byte, 0), 0);
    self.Gives(self->send(client, &byte, 0, 0), 0);
    self.Equal(Available(self, server), 1);
  });
}

TEST_F(MessageTest, ReceivingNothingWaitsForAByteAndReadingNothingDoesNot) {
  Alone([](Self& self) {
    const int server = self.Pair().second;
    char byte;
    self.Fails(self->recv(server, &byte, 0, MSG_DONTWAIT), EAGAIN);
    self.Gives(self->read(server, &byte, 0), 0);
    const int unconnected = self.Socket();
    self.Fails(self->recv(unconnected, &byte, 0, 0), ENOTCONN);
    self.Gives(self->read(unconnected, &byte, 0), 0);
  });
}

TEST_F(MessageTest, WritingNothingAsksTheSocketButByWritev) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    const iovec nothing{nullptr, 0};
    self.Gives(self->writev(fd, &nothing, 1), 0);
    self.Gives(self->writev(fd, nullptr, 0), 0);
    self.Fails(self->write(fd, "", 0), EPIPE);
    self.Fails(self->send(fd, "", 0, MSG_NOSIGNAL), EPIPE);
  });
}

TEST_F(MessageTest, ReadAndWriteAreReceiveAndSend) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->write(client, "hello", 5), 5);
    self.WaitForEvents(server, POLLIN, POLLIN);
    char bytes[10];
    self.Gives(self->read(server, bytes, 10), 5);
    self.Equal(std::string_view(bytes, 5), "hello");
  });
}

TEST_F(MessageTest, SeveralBuffersAreOneStream) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    std::string a = "hello";
    std::string b;
    std::string c = ", world";
    iovec out[] = {{a.data(), a.size()}, {b.data(), b.size()}, {c.data(), c.size()}};
    self.Gives(self->writev(client, out, 3), 12);
    msghdr message{};
    message.msg_iov = out;
    message.msg_iovlen = 3;
    self.Gives(self->sendmsg(client, &message, 0), 12);
    while (Available(self, server) < 24) self.process().sleep(1ms);

    char first[4];
    char second[100];
    iovec in[] = {{first, 4}, {second, 8}};
    self.Gives(self->readv(server, in, 2), 12);
    self.Equal(std::string(first, 4) + std::string(second, 8), "hello, world");
    in[1].iov_len = 100;
    sockaddr_in from{};
    char control[64];
    message = {};
    message.msg_iov = in;
    message.msg_iovlen = 2;
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    message.msg_flags = 0x7777;
    self.Gives(self->recvmsg(server, &message, 0), 12);
    self.Equal(std::string(first, 4) + std::string(second, 8), "hello, world");
    self.Equal(message.msg_namelen, 0);
    self.Equal(message.msg_controllen, 0);
    self.Equal(message.msg_flags, 0);
  });
}

TEST_F(MessageTest, SendmsgAndRecvmsgTakeFlags) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = 'x';
    iovec buffer{&byte, 1};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    self.Fails(self->recvmsg(server, &message, MSG_DONTWAIT), EAGAIN);
    Deliver(self, client, server, "y");
    self.Gives(self->recvmsg(server, &message, MSG_PEEK), 1);
    self.Gives(self->recvmsg(server, &message, 0), 1);
    self.Equal(byte, 'y');
  });
}

TEST_F(MessageTest, TooManyBuffersAreMisuse) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    char byte = 'x';
    iovec buffer{&byte, 1};
    self.Fails(self->writev(client, &buffer, -1), EINVAL);
    self.Fails(self->readv(server, &buffer, -1), EINVAL);
    self.Fails(self->writev(client, &buffer, 1025), EINVAL);
    self.Gives(self->writev(client, &buffer, 0), 0);
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1025;
    self.Fails(self->sendmsg(client, &message, 0), EMSGSIZE);
    self.Fails(self->recvmsg(server, &message, 0), EMSGSIZE);
  });
}

TEST_F(MessageTest, AConnectedStreamIgnoresTheAddressOfSendto) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Gives(self->sendto(client, "hello", 5, 0, At(0xc0a80101, 1), At::kLength), 5);
    self.Equal(self.Receive(server, 5), "hello");
  });
}

TEST_F(MessageTest, RecvfromAStreamStoresNoAddress) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(client, "hello");
    sockaddr_in from{};
    from.sin_port = 77;
    socklen_t length = sizeof from;
    char bytes[5];
    self.Gives(self->recvfrom(server, bytes, 5, MSG_WAITALL, reinterpret_cast<sockaddr*>(&from), &length), 5);
    self.Equal(length, 0);
    self.Equal(from.sin_port, 77);
  });
}

TEST_F(MessageTest, AnUnconnectedSocketCarriesNoBytes) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    char byte = 'x';
    iovec buffer{&byte, 1};
    self.Fails(self->recv(fd, &byte, 1, 0), ENOTCONN);
    self.Fails(self->recv(fd, &byte, 1, MSG_DONTWAIT), ENOTCONN);
    self.Fails(self->read(fd, &byte, 1), ENOTCONN);
    self.Fails(self->readv(fd, &buffer, 1), ENOTCONN);
    self.Fails(self->send(fd, &byte, 1, MSG_NOSIGNAL), EPIPE);
    self.Fails(self->sendto(fd, &byte, 1, MSG_NOSIGNAL, At(kLoopback, kPort), At::kLength), EPIPE);
  });
}

TEST_F(MessageTest, OtherDescriptorsAreMisuse) {
  Alone([](Self& self) {
    int ends[2];
    self.Gives(self->pipe2(ends, 0), 0);
    char byte = 'x';
    iovec buffer{&byte, 1};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    for (const auto& [fd, error] : {std::pair{77, EBADF}, {-1, EBADF}, {ends[0], ENOTSOCK}, {ends[1], ENOTSOCK}}) {
      self.Fails(self->send(fd, &byte, 1, 0), error);
      self.Fails(self->recv(fd, &byte, 1, 0), error);
      self.Fails(self->sendto(fd, &byte, 1, 0, At(kLoopback, kPort), At::kLength), error);
      self.Fails(self->recvfrom(fd, &byte, 1, 0, nullptr, nullptr), error);
      self.Fails(self->sendmsg(fd, &message, 0), error);
      self.Fails(self->recvmsg(fd, &message, 0), error);
    }
    for (int fd : {77, -1}) {
      self.Fails(self->read(fd, &byte, 1), EBADF);
      self.Fails(self->write(fd, &byte, 1), EBADF);
      self.Fails(self->readv(fd, &buffer, 1), EBADF);
      self.Fails(self->writev(fd, &buffer, 1), EBADF);
    }
  });
}

TEST_F(MessageTest, NoMemoryIsMisuse) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    Deliver(self, client, server, "hello");
    self.Fails(self->send(client, nullptr, 5, 0), EFAULT);
    self.Fails(self->write(client, nullptr, 5), EFAULT);
    self.Fails(self->recv(server, nullptr, 5, 0), EFAULT);
    self.Fails(self->bind(self.Socket(), nullptr, At::kLength), EFAULT);
    self.Fails(self->connect(self.Socket(), nullptr, At::kLength), EFAULT);
    sockaddr_in in{};
    self.Fails(self->getsockname(client, nullptr, nullptr), EFAULT);
    self.Fails(self->getpeername(client, reinterpret_cast<sockaddr*>(&in), nullptr), EFAULT);
    self.Fails(self->pipe2(nullptr, 0), EFAULT);
    self.Equal(self.Receive(server, 5), "hello");
  });
}

TEST_F(MessageTest, AReceiveTimeoutGivesEagain) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    char byte;
    const Time before = self.now();
    self.Fails(self->recv(server, &byte, 1, 0), EAGAIN);
    self.Between(self.now() - before, 45ms, 60ms);
    self.Send(client, "x");
    self.Gives(self->recv(server, &byte, 1, 0), 1);
  });
}

TEST_F(MessageTest, AReceiveTimeoutBoundsAcceptToo) {
  Alone([](Self& self) {
    const int listener = self.Listen(kPort, 5);
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    const Time before = self.now();
    self.Fails(self->accept(listener, nullptr, nullptr), EAGAIN);
    self.Between(self.now() - before, 45ms, 60ms);
  });
}

TEST_F(MessageTest, ASendTimeoutGivesWhatWasTakenAndThenEagain) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    const std::string bytes = Numbered(20'000'000);
    const int sent = self.Ok(self->send(client, bytes.data(), bytes.size(), 0));
    self.True(sent > 0 && sent < 20'000'000, "some of the bytes were taken");
    ssize_t again;
    while ((again = self->send(client, bytes.data(), bytes.size(), 0)) > 0) continue;
    self.Fails(again, EAGAIN);
    self.True(Available(self, server) > 0, "some of the bytes have arrived");
  });
}

TEST_F(MessageTest, ASendTimeoutBoundsConnectToo) {
  LinkOptions down;
  down.up = false;
  world().SetLink(server_, client_, down);
  Start(client_, "client", [this](Self& self) {
    const int fd = self.Socket();
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
    const Time before = self.now();
    self.Fails(self->connect(fd, At(address(server_), kPort), At::kLength), EINPROGRESS);
    self.Between(self.now() - before, 45ms, 60ms);
  });
  ASSERT_TRUE(Finish());
}

TEST_F(MessageTest, WaitallWithATimeoutGivesWhatCame) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    const timeval limit{0, 50'000};
    self.Gives(self->setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    Deliver(self, client, server, "abc");
    char bytes[10];
    self.Gives(self->recv(server, bytes, 10, MSG_WAITALL), 3);
  });
}

TEST_F(MessageTest, FionreadCountsWhatCanBeRead) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Equal(Available(self, server), 0);
    Deliver(self, client, server, Numbered(5000));
    self.Receive(server, 1000);
    self.Equal(Available(self, server), 4000);
    self.Close(client);
    self.WaitForEvents(server, POLLIN | POLLRDHUP, POLLIN | POLLRDHUP);
    self.Equal(Available(self, server), 4000);
    int bytes;
    const int listener = self.Listen(kPort, 1);
    self.Fails(self->ioctl(listener, FIONREAD, &bytes), EINVAL);
    self.Gives(self->ioctl(self.Socket(), FIONREAD, &bytes), 0);
    self.Equal(bytes, 0);
    self.Fails(self->ioctl(77, FIONREAD, &bytes), EBADF);
    self.Fails(self->ioctl(server, 0x12345, &bytes), ENOTTY);
  });
}

}  // namespace
}  // namespace conformance
