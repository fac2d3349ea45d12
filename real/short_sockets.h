// KernelSockets whose sends and receives move fewer bytes than asked for, as drawn: what POSIX allows and the kernel
// seldom does.
#pragma once

#include <vector>

#include "lab/choice/choices.h"
#include "real/kernel_sockets.h"

namespace real {

class ShortSockets : public KernelSockets {
 public:
  // `actor` keys the choices: the process.
  ShortSockets(lab::Choices choices, uint32_t actor) : choices_(std::move(choices)), actor_(actor) {}

  ssize_t send(int sockfd, const void* buffer, size_t length, int flags) override;
  ssize_t recv(int sockfd, void* buffer, size_t length, int flags) override;
  ssize_t sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                 socklen_t address_length) override;
  ssize_t recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                   socklen_t* address_length) override;
  ssize_t sendmsg(int sockfd, const msghdr* message, int flags) override;
  ssize_t recvmsg(int sockfd, msghdr* message, int flags) override;
  ssize_t read(int fd, void* buffer, size_t length) override;
  ssize_t write(int fd, const void* buffer, size_t length) override;
  ssize_t readv(int fd, const iovec* buffers, int count) override;
  ssize_t writev(int fd, const iovec* buffers, int count) override;

 private:
  // How many of `length` bytes a call on the descriptor moves at most: at least 1, and all where it is no stream.
  size_t Cut(int fd, size_t length);
  // The buffers, cut likewise.
  std::vector<iovec> Cut(int fd, const iovec* buffers, size_t count);

  lab::Choices choices_;
  uint32_t actor_;
};

}  // namespace real
