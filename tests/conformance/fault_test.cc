// Null where a call wants memory.

#include <fcntl.h>
#include <sys/ioctl.h>

#include "tests/conformance/harness.h"

namespace conformance {
namespace {

class FaultTest : public ConformanceTest {};

TEST_F(FaultTest, AddressesAndOptions) {
  Alone([](Self& self) {
    const int fd = self.Socket();
    self.Fails(self->bind(fd, nullptr, At::kLength), EFAULT);
    self.Fails(self->connect(fd, nullptr, At::kLength), EFAULT);
    self.Fails(self->getsockname(fd, nullptr, nullptr), EFAULT);
    self.Fails(self->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, nullptr, sizeof(int)), EFAULT);
    int value = 0;
    self.Fails(self->getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, nullptr), EFAULT);
    socklen_t length = sizeof value;
    self.Fails(self->getsockopt(fd, SOL_SOCKET, SO_TYPE, nullptr, &length), EFAULT);
    self.Fails(self->ioctl(fd, FIONBIO, nullptr), EFAULT);
    const auto [client, server] = self.Pair();
    self.Fails(self->getpeername(client, nullptr, nullptr), EFAULT);
    self.Fails(self->ioctl(client, FIONREAD, nullptr), EFAULT);
  });
}

TEST_F(FaultTest, BuffersAndMessages) {
  Alone([](Self& self) {
    const auto [client, server] = self.Pair();
    self.Send(server, "x");
    self.Poll(client, POLLIN, -1);
    self.Fails(self->send(client, nullptr, 1, 0), EFAULT);
    self.Fails(self->recv(client, nullptr, 1, 0), EFAULT);
    self.Fails(self->write(client, nullptr, 1), EFAULT);
    self.Fails(self->read(client, nullptr, 1), EFAULT);
    self.Fails(self->writev(client, nullptr, 1), EFAULT);
    self.Fails(self->readv(client, nullptr, 1), EFAULT);
    self.Fails(self->sendmsg(client, nullptr, 0), EFAULT);
    self.Fails(self->recvmsg(client, nullptr, 0), EFAULT);
    msghdr message{};
    message.msg_iovlen = 1;
    self.Fails(self->sendmsg(client, &message, 0), EFAULT);
    self.Fails(self->recvmsg(client, &message, 0), EFAULT);
    self.Equal(self.Receive(client, 1), "x");
  });
}

TEST_F(FaultTest, DescriptorsAndWaiting) {
  Alone([](Self& self) {
    self.Fails(self->pipe2(nullptr, 0), EFAULT);
    self.Fails(self->socketpair(AF_UNIX, SOCK_STREAM, 0, nullptr), EFAULT);
    self.Fails(self->poll(nullptr, 1, 0), EFAULT);
    self.Fails(self->ppoll(nullptr, 1, nullptr, nullptr), EFAULT);
    const int epoll = self.Ok(self->epoll_create1(0));
    self.Fails(self->epoll_ctl(epoll, EPOLL_CTL_ADD, self.Socket(), nullptr), EFAULT);
    // Nothing was made.
    self.Gives(self.Socket(), epoll + 2);
  });
}

}  // namespace
}  // namespace conformance
