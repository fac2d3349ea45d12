#include "real/kernel_sockets.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace real {

int KernelSockets::socket(int domain, int type, int protocol) { return ::socket(domain, type, protocol); }

int KernelSockets::socketpair(int domain, int type, int protocol, int ends[2]) {
  return ::socketpair(domain, type, protocol, ends);
}

int KernelSockets::bind(int sockfd, const sockaddr* address, socklen_t length) {
  return ::bind(sockfd, address, length);
}

int KernelSockets::listen(int sockfd, int backlog) { return ::listen(sockfd, backlog); }

int KernelSockets::accept(int sockfd, sockaddr* address, socklen_t* length) {
  return ::accept(sockfd, address, length);
}

int KernelSockets::accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) {
  return ::accept4(sockfd, address, length, flags);
}

int KernelSockets::connect(int sockfd, const sockaddr* address, socklen_t length) {
  return ::connect(sockfd, address, length);
}

ssize_t KernelSockets::send(int sockfd, const void* buffer, size_t length, int flags) {
  return ::send(sockfd, buffer, length, flags);
}

ssize_t KernelSockets::recv(int sockfd, void* buffer, size_t length, int flags) {
  return ::recv(sockfd, buffer, length, flags);
}

ssize_t KernelSockets::sendto(int sockfd, const void* buffer, size_t length, int flags, const sockaddr* address,
                              socklen_t address_length) {
  return ::sendto(sockfd, buffer, length, flags, address, address_length);
}

ssize_t KernelSockets::recvfrom(int sockfd, void* buffer, size_t length, int flags, sockaddr* address,
                                socklen_t* address_length) {
  return ::recvfrom(sockfd, buffer, length, flags, address, address_length);
}

ssize_t KernelSockets::sendmsg(int sockfd, const msghdr* message, int flags) {
  return ::sendmsg(sockfd, message, flags);
}

ssize_t KernelSockets::recvmsg(int sockfd, msghdr* message, int flags) { return ::recvmsg(sockfd, message, flags); }

ssize_t KernelSockets::read(int fd, void* buffer, size_t length) { return ::read(fd, buffer, length); }

ssize_t KernelSockets::write(int fd, const void* buffer, size_t length) { return ::write(fd, buffer, length); }

ssize_t KernelSockets::readv(int fd, const iovec* buffers, int count) { return ::readv(fd, buffers, count); }

ssize_t KernelSockets::writev(int fd, const iovec* buffers, int count) { return ::writev(fd, buffers, count); }

int KernelSockets::shutdown(int sockfd, int how) { return ::shutdown(sockfd, how); }

int KernelSockets::close(int fd) { return ::close(fd); }

int KernelSockets::dup(int fd) { return ::dup(fd); }

int KernelSockets::dup2(int fd, int target) { return ::dup2(fd, target); }

int KernelSockets::dup3(int fd, int target, int flags) { return ::dup3(fd, target, flags); }

int KernelSockets::fcntl(int fd, int command, long argument) { return ::fcntl(fd, command, argument); }

int KernelSockets::ioctl(int fd, unsigned long request, int* argument) { return ::ioctl(fd, request, argument); }

int KernelSockets::getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) {
  return ::getsockopt(sockfd, level, option, value, length);
}

int KernelSockets::setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) {
  return ::setsockopt(sockfd, level, option, value, length);
}

int KernelSockets::getsockname(int sockfd, sockaddr* address, socklen_t* length) {
  return ::getsockname(sockfd, address, length);
}

int KernelSockets::getpeername(int sockfd, sockaddr* address, socklen_t* length) {
  return ::getpeername(sockfd, address, length);
}

int KernelSockets::poll(pollfd* fds, nfds_t count, int timeout_ms) { return ::poll(fds, count, timeout_ms); }

int KernelSockets::select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  return ::select(count, readable, writable, exceptional, timeout);
}

int KernelSockets::ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  return ::ppoll(fds, count, timeout, mask);
}

int KernelSockets::pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
                           const sigset_t* mask) {
  return ::pselect(count, readable, writable, exceptional, timeout, mask);
}

int KernelSockets::epoll_create1(int flags) { return ::epoll_create1(flags); }

int KernelSockets::epoll_ctl(int epfd, int operation, int fd, epoll_event* event) {
  return ::epoll_ctl(epfd, operation, fd, event);
}

int KernelSockets::epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) {
  return ::epoll_wait(epfd, events, most, timeout_ms);
}

int KernelSockets::epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) {
  return ::epoll_pwait(epfd, events, most, timeout_ms, mask);
}

int KernelSockets::epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout,
                                const sigset_t* mask) {
  return ::epoll_pwait2(epfd, events, most, timeout, mask);
}

int KernelSockets::pipe2(int ends[2], int flags) { return ::pipe2(ends, flags); }

int KernelSockets::gethostname(char* name, size_t length) { return ::gethostname(name, length); }

int KernelSockets::getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  return ::getaddrinfo(node, service, hints, result);
}

void KernelSockets::freeaddrinfo(addrinfo* result) { ::freeaddrinfo(result); }

}  // namespace real
