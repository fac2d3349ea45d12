// The calls of SimSockets that move bytes.
#include <limits.h>

#include <algorithm>

#include "sim/host/addresses.h"
#include "sim/host/sim_sockets.h"

namespace sim {
namespace {

// 0, or what the kernel would say of these buffers.
int Check(const iovec* buffers, size_t count, bool socket_only) {
  if (count > IOV_MAX) return socket_only ? -EMSGSIZE : -EINVAL;
  if (count > 0 && buffers == nullptr) return -EFAULT;
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    if (buffers[i].iov_base == nullptr && buffers[i].iov_len > 0) return -EFAULT;
    if (buffers[i].iov_len > SSIZE_MAX - total) return -EINVAL;
    total += buffers[i].iov_len;
  }
  return 0;
}

// The kernel moves at most this much at once (MAX_RW_COUNT).
constexpr size_t kMostAtOnce = 0x7ffff000;

iovec One(const void* buffer, size_t length) {
  return {const_cast<void*>(buffer), std::min(length, kMostAtOnce)};
}

}  // namespace

size_t SimSockets::Cut(size_t length) {
  if (!short_transfers_ || length < 2) return length;
  return length - host_.engine().choices().Pick(lab::Choice::kShortTransfer, process_, static_cast<uint32_t>(length));
}

void SimSockets::Charge(int64_t moved) {
  if (moved > 0) debt_ += Duration(moved * 1'000 / static_cast<int64_t>(kBytesPerMicrosecond));
}

int64_t SimSockets::Send(File& file, Buffers buffers, int flags) {
  const Socket* const socket = file.AsSocket();
  const bool nonblocking = file.nonblocking() || (flags & MSG_DONTWAIT) != 0;
  const auto deadline = socket != nullptr ? DeadlineAfter(socket->options()->send_timeout) : std::nullopt;
  const size_t total = std::min(TotalSize(buffers), kMostAtOnce);
  const size_t length = socket != nullptr ? Cut(total) : total;
  size_t done = 0;
  for (;;) {
    // What has gone counts; an error is left for the next call to tell.
    if (done > 0 && (file.Ready() & POLLERR) != 0) return static_cast<int64_t>(done);
    int64_t result = file.Write(buffers, done, length - done);
    if (result >= 0) done += static_cast<size_t>(result);
    if (done == length && result >= 0) return static_cast<int64_t>(done);
    if (result == -EAGAIN && !nonblocking) result = WaitFor(file, POLLOUT, deadline);
    if (result < 0) return done > 0 ? static_cast<int64_t>(done) : result;
  }
}

int64_t SimSockets::Receive(File& file, Buffers buffers, int flags) {
  const Socket* const socket = file.AsSocket();
  const bool nonblocking = file.nonblocking() || (flags & MSG_DONTWAIT) != 0;
  const bool wait_all = (flags & MSG_WAITALL) != 0 && (flags & MSG_PEEK) == 0;
  const bool cut = socket != nullptr && (flags & (MSG_WAITALL | MSG_PEEK)) == 0;
  const auto deadline = socket != nullptr ? DeadlineAfter(socket->options()->receive_timeout) : std::nullopt;
  const size_t length = std::min(TotalSize(buffers), kMostAtOnce);
  size_t done = 0;
  for (;;) {
    if (done > 0 && file.readable() == 0 && (file.Ready() & POLLERR) != 0) return static_cast<int64_t>(done);
    const size_t there = std::min(length - done, file.readable());
    int64_t result = file.Read(buffers, done, cut && there > 0 ? Cut(there) : length - done, flags);
    if (result == 0) return static_cast<int64_t>(done);
    if (result > 0) done += static_cast<size_t>(result);
    if (result > 0 && (!wait_all || done == length)) return static_cast<int64_t>(done);
    if (result == -EAGAIN && !nonblocking) result = WaitFor(file, POLLIN, deadline);
    if (result < 0) return done > 0 ? static_cast<int64_t>(done) : result;
  }
}

int64_t SimSockets::SendOn(int fd, const iovec* buffers, size_t count, int flags, bool socket_only) {
  FilePtr file;
  int error = Enter();
  if (error == 0) error = Find(fd, file);
  if (error == 0 && socket_only && file->AsSocket() == nullptr) error = -ENOTSOCK;
  if (error == 0) error = Check(buffers, count, socket_only);
  if (error == 0 && (flags & MSG_OOB) != 0) error = -EOPNOTSUPP;
  if (error != 0) return error;
  const int64_t result = Send(*file, {buffers, count}, flags);
  Charge(result);
  return result;
}

int64_t SimSockets::ReceiveOn(int fd, const iovec* buffers, size_t count, int flags, bool socket_only) {
  FilePtr file;
  int error = Enter();
  if (error == 0) error = Find(fd, file);
  if (error == 0 && socket_only && file->AsSocket() == nullptr) error = -ENOTSOCK;
  if (error == 0) error = Check(buffers, count, socket_only);
  // read of nothing asks no socket; recv of nothing waits, as for a byte.
  if (error == 0 && !socket_only && TotalSize({buffers, count}) == 0) {
    return file->AsSocket() != nullptr ? 0 : file->Read({}, 0, 0, 0);
  }
  // There is no urgent data here, and no queue of errors.
  if (error == 0 && (flags & MSG_OOB) != 0) error = -EINVAL;
  if (error == 0 && (flags & MSG_ERRQUEUE) != 0) error = -EAGAIN;
  if (error != 0) return error;
  const int64_t result = Receive(*file, {buffers, count}, flags);
  Charge(result);
  return result;
}

ssize_t SimSockets::send(int sockfd, const void* buffer, size_t length, int flags) {
  const iovec one = One(buffer, length);
  return Finish(SendOn(sockfd, &one, 1, flags, true));
}

ssize_t SimSockets::recv(int sockfd, void* buffer, size_t length, int flags) {
  const iovec one = One(buffer, length);
  return Finish(ReceiveOn(sockfd, &one, 1, flags, true));
}

ssize_t SimSockets::sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr*, socklen_t) {
  return send(sockfd, buffer, length, flags);
}

ssize_t SimSockets::recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                             socklen_t* address_length) {
  const ssize_t received = recv(sockfd, buffer, length, flags);
  if (received >= 0 && address != nullptr && address_length != nullptr) *address_length = 0;
  return received;
}

ssize_t SimSockets::sendmsg(int sockfd, const msghdr* message, int flags) {
  if (message == nullptr) return Finish(-EFAULT);
  return Finish(SendOn(sockfd, message->msg_iov, message->msg_iovlen, flags, true));
}

ssize_t SimSockets::recvmsg(int sockfd, msghdr* message, int flags) {
  if (message == nullptr) return Finish(-EFAULT);
  const int64_t received = ReceiveOn(sockfd, message->msg_iov, message->msg_iovlen, flags, true);
  if (received >= 0) {
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = 0;
  }
  return Finish(received);
}

ssize_t SimSockets::read(int fd, void* buffer, size_t length) {
  const iovec one = One(buffer, length);
  return Finish(ReceiveOn(fd, &one, 1, 0, false));
}

ssize_t SimSockets::write(int fd, const void* buffer, size_t length) {
  const iovec one = One(buffer, length);
  return Finish(SendOn(fd, &one, 1, 0, false));
}

ssize_t SimSockets::readv(int fd, const iovec* buffers, int count) {
  if (count < 0) return Finish(-EINVAL);
  return Finish(ReceiveOn(fd, buffers, static_cast<size_t>(count), 0, false));
}

ssize_t SimSockets::writev(int fd, const iovec* buffers, int count) {
  if (count < 0) return Finish(-EINVAL);
  return Finish(SendOn(fd, buffers, static_cast<size_t>(count), 0, false));
}

}  // namespace sim
