// The calls of SimSockets that move bytes.
#include <fcntl.h>
#include <limits.h>

#include <algorithm>
#include <cstring>

#include "sim/host/addresses.h"
#include "sim/host/sim_sockets.h"
#include "sim/host/stream_socket.h"

namespace sim {
namespace {

// 0, or what the kernel would say of these buffers. What `discards` needs no memory.
int Check(Buffers buffers, bool socket_only, bool discards = false) {
  if (buffers.size() > IOV_MAX) return socket_only ? -EMSGSIZE : -EINVAL;
  if (!buffers.empty() && buffers.data() == nullptr) return -EFAULT;
  size_t total = 0;
  for (const iovec& buffer : buffers) {
    if (buffer.iov_base == nullptr && buffer.iov_len > 0 && !discards) return -EFAULT;
    if (buffer.iov_len > SSIZE_MAX - total) return -EINVAL;
    total += buffer.iov_len;
  }
  return 0;
}

// Where a datagram of an AF_INET6 socket is to go, if AF_UNSPEC doesn't leave that to its peer: IPv4's addresses are
// taken as they are too.
int LoadDestination6(const Socket& socket, const sockaddr* address, socklen_t length,
                     std::optional<lab::Endpoint>& to) {
  if (length < sizeof(sa_family_t)) return -EINVAL;
  switch (address->sa_family) {
    case AF_UNSPEC: return 0;
    case AF_INET6: return LoadAddress(AF_INET6, address, length, to.emplace());
    case AF_INET:
      if (socket.options()->ipv6_only) return -ENETUNREACH;
      return LoadAddress(AF_INET, address, length, to.emplace());
    default: return -EINVAL;
  }
}

// The same for all sockets. Linux takes AF_UNSPEC for AF_INET here.
int LoadDestination(const Socket& socket, const sockaddr* address, socklen_t length, std::optional<lab::Endpoint>& to) {
  const int domain = socket.domain();
  if (domain == AF_INET6) return LoadDestination6(socket, address, length, to);
  sockaddr_in in;
  const bool readable = address != nullptr && length >= sizeof in && length <= sizeof(sockaddr_storage);
  if (domain != AF_INET || !readable) return LoadAddress(domain, address, length, to.emplace());
  std::memcpy(&in, address, sizeof in);
  if (in.sin_family == AF_UNSPEC) in.sin_family = AF_INET;
  return LoadAddress(AF_INET, reinterpret_cast<const sockaddr*>(&in), sizeof in, to.emplace());
}

// The kernel moves at most this much at once (MAX_RW_COUNT).
constexpr size_t kMostAtOnce = 0x7ffff000;

// How many bytes a receive waits for: all with MSG_WAITALL, otherwise SO_RCVLOWAT's. Datagrams and pipes give what
// there is, and in Linux pairs do to who peeks.
size_t Target(const Socket* socket, size_t length, int flags) {
  if (socket == nullptr || socket->type() != SOCK_STREAM) return 0;
  if (socket->domain() == AF_UNIX && (flags & MSG_PEEK) != 0) return 0;
  if ((flags & MSG_WAITALL) != 0) return length;
  return std::min(length, static_cast<size_t>(socket->options()->receive_low));
}

// Ancillary data that goes with a message: what sockets know is of no use on these, what nobody knows is refused.
int CheckControl(const msghdr& message) {
  if (message.msg_controllen > INT_MAX) return -ENOBUFS;
  const auto* const control = static_cast<const char*>(message.msg_control);
  size_t at = 0;
  while (message.msg_controllen - at >= sizeof(cmsghdr)) {
    cmsghdr header;
    std::memcpy(&header, control + at, sizeof header);
    if (header.cmsg_len < sizeof header || header.cmsg_len > message.msg_controllen - at) return -EINVAL;
    const bool known = header.cmsg_type == SCM_RIGHTS || header.cmsg_type == SCM_CREDENTIALS;
    if (header.cmsg_level == SOL_SOCKET && !known) return -EINVAL;
    at += std::min(CMSG_ALIGN(header.cmsg_len), message.msg_controllen - at);
  }
  return 0;
}

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
    int64_t result = file.Write(buffers, done, length - done, flags);
    if (result >= 0) done += static_cast<size_t>(result);
    if (done == length && result >= 0) return static_cast<int64_t>(done);
    if (result == -EAGAIN && !nonblocking) result = WaitFor(file, POLLOUT, deadline);
    if (result < 0) return done > 0 ? static_cast<int64_t>(done) : result;
  }
}

int64_t SimSockets::Receive(File& file, Buffers buffers, int flags) {
  Socket* const socket = file.AsSocket();
  const StreamSocket* const stream = socket != nullptr ? socket->AsStream() : nullptr;
  const bool nonblocking = file.nonblocking() || (flags & MSG_DONTWAIT) != 0;
  const bool peek = (flags & MSG_PEEK) != 0;
  const bool cut = short_transfers_ && socket != nullptr && (flags & (MSG_WAITALL | MSG_PEEK)) == 0;
  const auto deadline = socket != nullptr ? DeadlineAfter(socket->options()->receive_timeout) : std::nullopt;
  const size_t length = std::min(TotalSize(buffers), kMostAtOnce);
  const size_t target = Target(socket, length, flags);
  size_t done = 0;
  constexpr short kEnds = POLLERR | POLLHUP | POLLRDHUP;
  const auto at_mark = [&] { return stream != nullptr && stream->AtMark(peek ? done : 0); };
  const auto ended = [&] { return (file.Ready() & kEnds) != 0; };
  for (;;) {
    if (done > 0) {
      // The mark may have come while it waited. What has come counts; an error, and the end, are left for the next
      // call to tell.
      const bool all_seen = file.readable() == (peek ? done : 0);
      if (at_mark() || (all_seen && ended())) return static_cast<int64_t>(done);
    }
    // What a peek has seen it sees again, with what has come meanwhile.
    if (peek) done = 0;
    const size_t there = cut ? std::min(length - done, file.readable()) : 0;
    int64_t result = file.Read(buffers, done, there > 0 ? Cut(there) : length - done, flags);
    if (result > 0) done += static_cast<size_t>(result);
    if (result == 0 || (done > 0 && done >= target)) return static_cast<int64_t>(done);
    if (done > 0 && (at_mark() || nonblocking || ended())) return static_cast<int64_t>(done);
    if ((result == -EAGAIN || result > 0) && !nonblocking) {
      // Who wants nothing of a connection waits as for a byte, for whatever happens, and does not look what came.
      const bool nothing = length == 0 && stream != nullptr;
      result = WaitForConnection(file, nothing ? WaitQueue::kAnything : POLLIN, deadline);
      if (result == 0 && nothing) return 0;
    }
    if (result < 0) return done > 0 ? static_cast<int64_t>(done) : result;
  }
}

int64_t SimSockets::SendMessage(Socket& socket, Buffers buffers, int flags, const Dispatch& dispatch) {
  const bool nonblocking = socket.nonblocking() || (flags & MSG_DONTWAIT) != 0;
  const auto deadline = DeadlineAfter(socket.options()->send_timeout);
  for (;;) {
    const int64_t result = socket.SendMessage(buffers, dispatch, flags);
    if (result != -EAGAIN || nonblocking) return result;
    if (const int waited = WaitFor(socket, POLLOUT, deadline)) return waited;
  }
}

int64_t SimSockets::ReceiveMessage(Socket& socket, Buffers buffers, int flags, Message& message) {
  // The queue of errors is never waited for.
  const bool nonblocking = socket.nonblocking() || (flags & (MSG_DONTWAIT | MSG_ERRQUEUE)) != 0;
  const auto deadline = DeadlineAfter(socket.options()->receive_timeout);
  for (;;) {
    const int64_t result = socket.ReceiveMessage(buffers, flags, message);
    if (result != -EAGAIN || nonblocking) return result;
    // Only who would wait learns that nothing more is to be expected.
    if ((socket.Ready() & POLLRDHUP) != 0) return 0;
    if (const int waited = WaitFor(socket, POLLIN, deadline)) return waited;
  }
}

int64_t SimSockets::SendOn(int fd, Buffers buffers, int flags, By by, Destination to) {
  if (const int killed = Enter()) return killed;
  FilePtr file;
  if (const int missing = Find(fd, file)) return missing;
  Socket* const socket = file->AsSocket();
  if (by == By::kSocketCall && socket == nullptr) return -ENOTSOCK;
  if (const int unfit = Check(buffers, by == By::kSocketCall)) return unfit;
  if (to.address != nullptr && to.length > sizeof(sockaddr_storage)) return -EINVAL;
  int64_t result;
  if (socket != nullptr && socket->keeps_messages()) {
    if (const int unbound = socket->BindAnywhere()) return unbound;
    if (const int misfit = socket->CheckMessage(TotalSize(buffers), flags)) return misfit;
    Dispatch dispatch;
    int error = 0;
    if (to.address != nullptr && socket->domain() == AF_UNIX) {
      dispatch.to.emplace();
    } else if (to.address != nullptr) {
      error = LoadDestination(*socket, to.address, to.length, dispatch.to);
    }
    if (error == 0 && to.header != nullptr) error = LoadAncillary(*to.header, dispatch);
    if (error != 0) return error;
    result = SendMessage(*socket, buffers, flags, dispatch);
  } else {
    const bool no_stream = socket == nullptr || socket->AsStream() == nullptr;
    if ((flags & MSG_OOB) != 0 && no_stream) return -EOPNOTSUPP;
    if (no_stream && to.address != nullptr && to.length > 0) return -EISCONN;
    result = Send(*file, buffers, flags);
  }
  Charge(result);
  return result;
}

int64_t SimSockets::ReceiveOn(int fd, Buffers buffers, int flags, By by, Message& message) {
  if (const int killed = Enter()) return killed;
  FilePtr file;
  if (const int missing = Find(fd, file)) return missing;
  Socket* const socket = file->AsSocket();
  if (by == By::kSocketCall && socket == nullptr) return -ENOTSOCK;
  const bool messages = socket != nullptr && socket->keeps_messages();
  const bool discards = socket != nullptr && socket->AsStream() != nullptr && (flags & MSG_TRUNC) != 0;
  if (const int unfit = Check(buffers, by == By::kSocketCall, discards)) return unfit;
  // read of nothing asks no socket; recv of nothing waits, as for a byte.
  if (by != By::kSocketCall && TotalSize(buffers) == 0) return socket != nullptr ? 0 : file->Read({}, 0, 0, 0);
  // Streams have no queue of errors.
  if ((flags & MSG_ERRQUEUE) != 0 && !messages) return -EAGAIN;
  if ((flags & MSG_OOB) != 0 && !messages) {
    StreamSocket* const stream = socket->AsStream();
    return stream != nullptr ? stream->ReadUrgent(buffers, flags, message) : -EINVAL;
  }
  if (messages) message.domain = socket->domain();
  const int64_t result = messages ? ReceiveMessage(*socket, buffers, flags, message) : Receive(*file, buffers, flags);
  Charge(result);
  return result;
}

ssize_t SimSockets::send(int sockfd, const void* buffer, size_t length, int flags) {
  const iovec one = One(buffer, length);
  return Finish(SendOn(sockfd, {&one, 1}, flags, By::kSocketCall));
}

ssize_t SimSockets::recv(int sockfd, void* buffer, size_t length, int flags) {
  const iovec one = One(buffer, length);
  Message message;
  return Finish(ReceiveOn(sockfd, {&one, 1}, flags, By::kSocketCall, message));
}

ssize_t SimSockets::sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                           socklen_t address_length) {
  const iovec one = One(buffer, length);
  return Finish(SendOn(sockfd, {&one, 1}, flags, By::kSocketCall, {address, address_length, nullptr}));
}

ssize_t SimSockets::recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                             socklen_t* address_length) {
  const iovec one = One(buffer, length);
  Message message;
  const int64_t received = ReceiveOn(sockfd, {&one, 1}, flags, By::kSocketCall, message);
  if (received < 0 || address == nullptr) return Finish(received);
  if (message.from) {
    if (const int error = StoreAddress(message.domain, *message.from, address, address_length)) return Finish(error);
  } else if (address_length != nullptr) {
    *address_length = 0;
  }
  return Finish(received);
}

// 0, or what the kernel would say of a message before it asks the socket.
int SimSockets::CheckMessage(int sockfd, const msghdr* message) const {
  if (table_->Get(sockfd) == nullptr) return -EBADF;
  if (table_->Get(sockfd)->AsSocket() == nullptr) return -ENOTSOCK;
  if (message == nullptr) return -EFAULT;
  return message->msg_name != nullptr && static_cast<int>(message->msg_namelen) < 0 ? -EINVAL : 0;
}

ssize_t SimSockets::sendmsg(int sockfd, const msghdr* message, int flags) {
  if (const int error = CheckMessage(sockfd, message)) return Finish(error);
  if (const int error = CheckControl(*message)) return Finish(error);
  const bool addressed = message->msg_name != nullptr && message->msg_namelen != 0;
  const auto length = std::min<socklen_t>(message->msg_namelen, sizeof(sockaddr_storage));
  const Destination to{addressed ? static_cast<const sockaddr*>(message->msg_name) : nullptr, length, message};
  return Finish(SendOn(sockfd, {message->msg_iov, message->msg_iovlen}, flags, By::kSocketCall, to));
}

ssize_t SimSockets::recvmsg(int sockfd, msghdr* header, int flags) {
  if (const int error = CheckMessage(sockfd, header)) return Finish(error);
  Message message;
  message.ancillary = AncillaryRoom(header->msg_control, header->msg_controllen);
  const int64_t received = ReceiveOn(sockfd, {header->msg_iov, header->msg_iovlen}, flags, By::kSocketCall, message);
  if (received < 0) return Finish(received);
  if (header->msg_name != nullptr && message.from) {
    const int error = StoreAddress(message.domain, *message.from, static_cast<sockaddr*>(header->msg_name),
                                   &header->msg_namelen);
    if (error != 0) return Finish(error);
  } else if (header->msg_name != nullptr) {
    header->msg_namelen = 0;
  }
  header->msg_controllen = message.ancillary.used();
  header->msg_flags = message.flags | (message.ancillary.cut() ? MSG_CTRUNC : 0);
  return Finish(received);
}

ssize_t SimSockets::read(int fd, void* buffer, size_t length) {
  const iovec one = One(buffer, length);
  Message message;
  return Finish(ReceiveOn(fd, {&one, 1}, 0, By::kFileCall, message));
}

ssize_t SimSockets::write(int fd, const void* buffer, size_t length) {
  const iovec one = One(buffer, length);
  return Finish(SendOn(fd, {&one, 1}, 0, By::kFileCall));
}

ssize_t SimSockets::readv(int fd, const iovec* buffers, int count) {
  if (count < 0) return Finish(-EINVAL);
  Message message;
  return Finish(ReceiveOn(fd, {buffers, static_cast<size_t>(count)}, 0, By::kFileCall, message));
}

ssize_t SimSockets::writev(int fd, const iovec* buffers, int count) {
  if (count < 0) return Finish(-EINVAL);
  const Buffers all(buffers, static_cast<size_t>(count));
  File* const file = table_->Get(fd);
  const bool writable = file != nullptr && file->AsEpoll() == nullptr && file->access_mode() != O_RDONLY;
  // Unlike write, it asks nobody where there is nothing to write.
  if (writable && Check(all, false) == 0 && TotalSize(all) == 0) return Finish(Enter());
  return Finish(SendOn(fd, all, 0, By::kFileCall));
}

}  // namespace sim
