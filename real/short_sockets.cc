#include "real/short_sockets.h"

#include <limits.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace real {
namespace {

bool IsStream(int fd) {
  const int error = errno;
  int type = 0;
  socklen_t length = sizeof type;
  const bool is_stream = ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
  errno = error;
  return is_stream;
}

// Whether the kernel would look at the buffers.
bool IsReadable(const msghdr* message) {
  return message != nullptr && message->msg_iov != nullptr && message->msg_iovlen <= IOV_MAX;
}

}  // namespace

size_t ShortSockets::Cut(int fd, size_t length) {
  if (length < 2 || !IsStream(fd)) return length;
  const auto bounded = static_cast<uint32_t>(std::min<size_t>(length, INT_MAX));
  return length - choices_.Pick(lab::Choice::kShortTransfer, actor_, bounded);
}

std::vector<iovec> ShortSockets::Cut(int fd, const iovec* buffers, size_t count) {
  std::vector<iovec> cut(buffers, buffers + count);
  size_t length = 0;
  for (const iovec& buffer : cut) length += buffer.iov_len;
  size_t left = Cut(fd, length);
  for (iovec& buffer : cut) {
    buffer.iov_len = std::min(buffer.iov_len, left);
    left -= buffer.iov_len;
  }
  return cut;
}

ssize_t ShortSockets::send(int sockfd, const void* buffer, size_t length, int flags) {
  return KernelSockets::send(sockfd, buffer, Cut(sockfd, length), flags);
}

// MSG_WAITALL asks for all of it, and gets less only at the end, an error or a signal.
ssize_t ShortSockets::recv(int sockfd, void* buffer, size_t length, int flags) {
  return KernelSockets::recv(sockfd, buffer, flags & MSG_WAITALL ? length : Cut(sockfd, length), flags);
}

ssize_t ShortSockets::sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                             socklen_t address_length) {
  return KernelSockets::sendto(sockfd, buffer, Cut(sockfd, length), flags, address, address_length);
}

ssize_t ShortSockets::recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                               socklen_t* address_length) {
  if (!(flags & MSG_WAITALL)) length = Cut(sockfd, length);
  return KernelSockets::recvfrom(sockfd, buffer, length, flags, address, address_length);
}

ssize_t ShortSockets::sendmsg(int sockfd, const msghdr* message, int flags) {
  if (!IsReadable(message)) return KernelSockets::sendmsg(sockfd, message, flags);
  std::vector<iovec> buffers = Cut(sockfd, message->msg_iov, message->msg_iovlen);
  msghdr shorter = *message;
  shorter.msg_iov = buffers.data();
  return KernelSockets::sendmsg(sockfd, &shorter, flags);
}

ssize_t ShortSockets::recvmsg(int sockfd, msghdr* message, int flags) {
  if (!IsReadable(message) || flags & MSG_WAITALL) {
    return KernelSockets::recvmsg(sockfd, message, flags);
  }
  std::vector<iovec> buffers = Cut(sockfd, message->msg_iov, message->msg_iovlen);
  iovec* const asked = message->msg_iov;
  message->msg_iov = buffers.data();
  const ssize_t result = KernelSockets::recvmsg(sockfd, message, flags);
  message->msg_iov = asked;
  return result;
}

ssize_t ShortSockets::read(int fd, void* buffer, size_t length) {
  return KernelSockets::read(fd, buffer, Cut(fd, length));
}

ssize_t ShortSockets::write(int fd, const void* buffer, size_t length) {
  return KernelSockets::write(fd, buffer, Cut(fd, length));
}

ssize_t ShortSockets::readv(int fd, const iovec* buffers, int count) {
  if (buffers == nullptr || count < 0 || count > IOV_MAX) return KernelSockets::readv(fd, buffers, count);
  return KernelSockets::readv(fd, Cut(fd, buffers, count).data(), count);
}

ssize_t ShortSockets::writev(int fd, const iovec* buffers, int count) {
  if (buffers == nullptr || count < 0 || count > IOV_MAX) return KernelSockets::writev(fd, buffers, count);
  return KernelSockets::writev(fd, Cut(fd, buffers, count).data(), count);
}

}  // namespace real
