// All but the calls that wait for several descriptors, which are in traced_waits.cc.
#include "lab/trace/traced_sockets.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <utility>

#include "lab/trace/trace.h"

namespace lab {
namespace {

void StoreInt(const void* value, socklen_t length, duet_ledger_entry& entry) {
  if (static_cast<int>(length) < 0) value = nullptr;  // the call refuses it unread
  int number = 0;
  if (value != nullptr && length >= sizeof(number)) std::memcpy(&number, value, sizeof(number));
  entry.arguments[3] = number;
  entry.data_length = static_cast<uint16_t>(value == nullptr ? 0 : std::min<size_t>(length, DUET_LEDGER_DATA));
  if (entry.data_length > 0) std::memcpy(entry.data, value, entry.data_length);
}

// An address is cut to its space, and the length says how long it would have been.
socklen_t SpaceOf(const socklen_t* length) { return length == nullptr ? 0 : *length; }

int64_t LengthOf(const iovec* buffers, size_t count) {
  if (buffers == nullptr || count > IOV_MAX) return 0;  // the call refuses them unread
  size_t length = 0;
  for (size_t i = 0; i < count; ++i) length += buffers[i].iov_len;
  return static_cast<int64_t>(length);
}

int64_t LengthOf(const msghdr* message) {
  return message == nullptr ? 0 : LengthOf(message->msg_iov, message->msg_iovlen);
}

}  // namespace

TracedSockets::TracedSockets(Sockets& inner, Clock clock, Record record)
    : inner_(inner), clock_(std::move(clock)), record_(std::move(record)) {}

void TracedSockets::Begin(duet_call call, int64_t first, int64_t second, int64_t third, int64_t fourth) {
  const int error = errno;
  duet_ledger_entry& entry = pending_.emplace();
  entry.call = call;
  entry.arguments[0] = first;
  entry.arguments[1] = second;
  entry.arguments[2] = third;
  entry.arguments[3] = fourth;
  entry.begin_ns = clock_().count();
  entry.end_ns = entry.begin_ns - 1;
  errno = error;
}

ssize_t TracedSockets::End(ssize_t result) {
  const int error = errno;
  pending_->result = result;
  if (result < 0) pending_->error = pending_->call == DUET_CALL_GETADDRINFO ? static_cast<int>(result) : error;
  pending_->end_ns = clock_().count();
  record_(*pending_);
  pending_.reset();
  errno = error;
  return result;
}

void TracedSockets::Moved(const iovec* buffers, size_t count, ssize_t result) {
  size_t left = result > 0 ? std::min<size_t>(static_cast<size_t>(result), DUET_LEDGER_DATA) : 0;
  for (size_t i = 0; i < count && left > 0; ++i) {
    const size_t taken = std::min(left, buffers[i].iov_len);
    if (taken == 0) continue;  // its address may be null, which memcpy doesn't take
    std::memcpy(pending_->data + pending_->data_length, buffers[i].iov_base, taken);
    pending_->data_length = static_cast<uint16_t>(pending_->data_length + taken);
    left -= taken;
  }
}

void TracedSockets::Moved(const void* buffer, size_t length, ssize_t result) {
  const iovec whole{const_cast<void*>(buffer), length};
  Moved(&whole, 1, result);
}

void TracedSockets::Address(const sockaddr* address, socklen_t length) {
  if (address == nullptr || length < sizeof(sockaddr_in)) return;
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof(in));
    SetAddress(*pending_, {ntohl(in.sin_addr.s_addr), ntohs(in.sin_port)});
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof(in6));
    SetAddress(*pending_, {IpAddress(in6.sin6_addr), ntohs(in6.sin6_port)});
  }
}

void TracedSockets::Ends(size_t first, const int ends[2]) {
  pending_->arguments[first] = ends[0];
  pending_->arguments[first + 1] = ends[1];
}

int TracedSockets::socket(int domain, int type, int protocol) {
  Begin(DUET_CALL_SOCKET, domain, type, protocol);
  return End(inner_.socket(domain, type, protocol));
}

int TracedSockets::socketpair(int domain, int type, int protocol, int ends[2]) {
  Begin(DUET_CALL_SOCKETPAIR, domain, type, -1, -1);
  const int result = inner_.socketpair(domain, type, protocol, ends);
  if (result >= 0) Ends(2, ends);
  return End(result);
}

int TracedSockets::bind(int sockfd, const sockaddr* address, socklen_t length) {
  Begin(DUET_CALL_BIND, sockfd);
  Address(address, length);
  return End(inner_.bind(sockfd, address, length));
}

int TracedSockets::listen(int sockfd, int backlog) {
  Begin(DUET_CALL_LISTEN, sockfd, backlog);
  return End(inner_.listen(sockfd, backlog));
}

int TracedSockets::accept(int sockfd, sockaddr* address, socklen_t* length) {
  return accept4(sockfd, address, length, 0);
}

int TracedSockets::accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) {
  Begin(DUET_CALL_ACCEPT, sockfd, flags);
  if (address != nullptr) {
    const socklen_t space = SpaceOf(length);
    const int result = inner_.accept4(sockfd, address, length, flags);
    if (result >= 0) Address(address, std::min(space, *length));
    return End(result);
  }
  // The caller doesn't want to know the client's address; the ledger does.
  sockaddr_in6 client{};
  socklen_t client_length = sizeof(client);
  const int result = inner_.accept4(sockfd, reinterpret_cast<sockaddr*>(&client), &client_length, flags);
  if (result >= 0) Address(reinterpret_cast<sockaddr*>(&client), client_length);
  return End(result);
}

int TracedSockets::connect(int sockfd, const sockaddr* address, socklen_t length) {
  Begin(DUET_CALL_CONNECT, sockfd);
  Address(address, length);
  return End(inner_.connect(sockfd, address, length));
}

ssize_t TracedSockets::send(int sockfd, const void* buffer, size_t length, int flags) {
  Begin(DUET_CALL_SEND, sockfd, static_cast<int64_t>(length), flags);
  const ssize_t result = inner_.send(sockfd, buffer, length, flags);
  Moved(buffer, length, result);
  return End(result);
}

ssize_t TracedSockets::recv(int sockfd, void* buffer, size_t length, int flags) {
  return recvfrom(sockfd, buffer, length, flags, nullptr, nullptr);
}

ssize_t TracedSockets::sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                              socklen_t address_length) {
  Begin(DUET_CALL_SEND, sockfd, static_cast<int64_t>(length), flags);
  Address(address, address_length);
  const ssize_t result = inner_.sendto(sockfd, buffer, length, flags, address, address_length);
  Moved(buffer, length, result);
  return End(result);
}

ssize_t TracedSockets::recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                                socklen_t* address_length) {
  Begin(DUET_CALL_RECV, sockfd, static_cast<int64_t>(length), flags);
  // Where the caller doesn't want to know a datagram's sender, the ledger does.
  sockaddr_in6 sender{};
  socklen_t sender_length = sizeof(sender);
  if (address == nullptr) {
    address = reinterpret_cast<sockaddr*>(&sender);
    address_length = &sender_length;
  }
  const socklen_t space = SpaceOf(address_length);
  const ssize_t result = inner_.recvfrom(sockfd, buffer, length, flags, address, address_length);
  // With MSG_TRUNC a stream, which names no sender, stores nothing.
  const bool named = address_length != nullptr && *address_length > 0;
  if ((flags & MSG_TRUNC) == 0 || named) Moved(buffer, length, result);
  if (result >= 0 && address_length != nullptr) Address(address, std::min(space, *address_length));
  return End(result);
}

ssize_t TracedSockets::sendmsg(int sockfd, const msghdr* message, int flags) {
  Begin(DUET_CALL_SEND, sockfd, LengthOf(message), flags);
  if (message != nullptr) Address(static_cast<const sockaddr*>(message->msg_name), message->msg_namelen);
  const ssize_t result = inner_.sendmsg(sockfd, message, flags);
  if (result > 0) Moved(message->msg_iov, message->msg_iovlen, result);
  return End(result);
}

ssize_t TracedSockets::recvmsg(int sockfd, msghdr* message, int flags) {
  Begin(DUET_CALL_RECV, sockfd, LengthOf(message), flags);
  const socklen_t space = message != nullptr ? message->msg_namelen : 0;
  const ssize_t result = inner_.recvmsg(sockfd, message, flags);
  if (result > 0 && (flags & MSG_TRUNC) == 0) Moved(message->msg_iov, message->msg_iovlen, result);
  if (result >= 0) Address(static_cast<const sockaddr*>(message->msg_name), std::min(space, message->msg_namelen));
  return End(result);
}

ssize_t TracedSockets::read(int fd, void* buffer, size_t length) {
  Begin(DUET_CALL_READ, fd, static_cast<int64_t>(length));
  const ssize_t result = inner_.read(fd, buffer, length);
  Moved(buffer, length, result);
  return End(result);
}

ssize_t TracedSockets::write(int fd, const void* buffer, size_t length) {
  Begin(DUET_CALL_WRITE, fd, static_cast<int64_t>(length));
  const ssize_t result = inner_.write(fd, buffer, length);
  Moved(buffer, length, result);
  return End(result);
}

ssize_t TracedSockets::readv(int fd, const iovec* buffers, int count) {
  const auto used = static_cast<size_t>(std::max(count, 0));
  Begin(DUET_CALL_READ, fd, LengthOf(buffers, used));
  const ssize_t result = inner_.readv(fd, buffers, count);
  Moved(buffers, used, result);
  return End(result);
}

ssize_t TracedSockets::writev(int fd, const iovec* buffers, int count) {
  const auto used = static_cast<size_t>(std::max(count, 0));
  Begin(DUET_CALL_WRITE, fd, LengthOf(buffers, used));
  const ssize_t result = inner_.writev(fd, buffers, count);
  Moved(buffers, used, result);
  return End(result);
}

int TracedSockets::shutdown(int sockfd, int how) {
  Begin(DUET_CALL_SHUTDOWN, sockfd, how);
  return End(inner_.shutdown(sockfd, how));
}

int TracedSockets::close(int fd) {
  Begin(DUET_CALL_CLOSE, fd);
  return End(inner_.close(fd));
}

int TracedSockets::dup(int fd) {
  Begin(DUET_CALL_DUP, fd, -1, -1);
  return End(inner_.dup(fd));
}

int TracedSockets::dup2(int fd, int target) {
  Begin(DUET_CALL_DUP, fd, target, -1);
  return End(inner_.dup2(fd, target));
}

int TracedSockets::dup3(int fd, int target, int flags) {
  Begin(DUET_CALL_DUP, fd, target, flags);
  return End(inner_.dup3(fd, target, flags));
}

int TracedSockets::fcntl(int fd, int command, long argument) {
  Begin(DUET_CALL_FCNTL, fd, command, argument);
  return End(inner_.fcntl(fd, command, argument));
}

int TracedSockets::ioctl(int fd, unsigned long request, int* argument) {
  Begin(DUET_CALL_IOCTL, fd, static_cast<int64_t>(request));
  const int result = inner_.ioctl(fd, request, argument);
  if (result >= 0 && argument != nullptr) pending_->arguments[2] = *argument;
  return End(result);
}

int TracedSockets::getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) {
  Begin(DUET_CALL_GETSOCKOPT, sockfd, level, option);
  const int result = inner_.getsockopt(sockfd, level, option, value, length);
  if (result >= 0 && length != nullptr) StoreInt(value, *length, *pending_);
  return End(result);
}

int TracedSockets::setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) {
  Begin(DUET_CALL_SETSOCKOPT, sockfd, level, option);
  StoreInt(value, length, *pending_);
  return End(inner_.setsockopt(sockfd, level, option, value, length));
}

int TracedSockets::getsockname(int sockfd, sockaddr* address, socklen_t* length) {
  Begin(DUET_CALL_GETSOCKNAME, sockfd);
  const socklen_t space = SpaceOf(length);
  const int result = inner_.getsockname(sockfd, address, length);
  if (result >= 0 && length != nullptr) Address(address, std::min(space, *length));
  return End(result);
}

int TracedSockets::getpeername(int sockfd, sockaddr* address, socklen_t* length) {
  Begin(DUET_CALL_GETPEERNAME, sockfd);
  const socklen_t space = SpaceOf(length);
  const int result = inner_.getpeername(sockfd, address, length);
  if (result >= 0 && length != nullptr) Address(address, std::min(space, *length));
  return End(result);
}

int TracedSockets::pipe2(int ends[2], int flags) {
  Begin(DUET_CALL_PIPE, -1, -1);
  const int result = inner_.pipe2(ends, flags);
  if (result >= 0) Ends(0, ends);
  return End(result);
}

int TracedSockets::gethostname(char* name, size_t length) {
  Begin(DUET_CALL_GETHOSTNAME, static_cast<int64_t>(length));
  const int result = inner_.gethostname(name, length);
  if (result >= 0) Moved(name, length, static_cast<ssize_t>(strnlen(name, length)));
  return End(result);
}

int TracedSockets::getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  Begin(DUET_CALL_GETADDRINFO);
  char asked[DUET_LEDGER_DATA];
  const int length = std::snprintf(asked, sizeof(asked), "%s:%s", node != nullptr ? node : "",
                                   service != nullptr ? service : "");
  Moved(asked, sizeof(asked) - 1, length);
  const int error = inner_.getaddrinfo(node, service, hints, result);
  if (error == 0 && *result != nullptr) Address((*result)->ai_addr, (*result)->ai_addrlen);
  return End(error);
}

void TracedSockets::freeaddrinfo(addrinfo* result) { inner_.freeaddrinfo(result); }

}  // namespace lab
