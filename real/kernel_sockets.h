// lab::Sockets over the kernel: every call is the kernel's call of that name.
//
// Descriptors are those of the calling process. Keeps nothing; may be used wherever POSIX's calls may.
#pragma once

#include "lab/sockets/sockets.h"

namespace real {

class KernelSockets : public lab::Sockets {
 public:
  int socket(int domain, int type, int protocol) override;
  int socketpair(int domain, int type, int protocol, int ends[2]) override;
  int bind(int sockfd, const sockaddr* address, socklen_t length) override;
  int listen(int sockfd, int backlog) override;
  int accept(int sockfd, sockaddr* address, socklen_t* length) override;
  int accept4(int sockfd, sockaddr* address, socklen_t* length, int flags) override;
  int connect(int sockfd, const sockaddr* address, socklen_t length) override;
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
  int shutdown(int sockfd, int how) override;
  int close(int fd) override;
  int dup(int fd) override;
  int dup2(int fd, int target) override;
  int dup3(int fd, int target, int flags) override;
  int fcntl(int fd, int command, long argument) override;
  int ioctl(int fd, unsigned long request, int* argument) override;
  int getsockopt(int sockfd, int level, int option, void* value, socklen_t* length) override;
  int setsockopt(int sockfd, int level, int option, const void* value, socklen_t length) override;
  int getsockname(int sockfd, sockaddr* address, socklen_t* length) override;
  int getpeername(int sockfd, sockaddr* address, socklen_t* length) override;
  int poll(pollfd* fds, nfds_t count, int timeout_ms) override;
  int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) override;
  int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) override;
  int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
              const sigset_t* mask) override;
  int epoll_create1(int flags) override;
  int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) override;
  int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) override;
  int epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) override;
  int epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) override;
  int pipe2(int ends[2], int flags) override;
  int gethostname(char* name, size_t length) override;
  int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) override;
  void freeaddrinfo(addrinfo* result) override;
};

}  // namespace real
