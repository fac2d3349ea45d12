// A Sockets that gives what it is told to, and says how it was called.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "lab/sockets/sockets.h"

namespace lab {

class FakeSockets : public Sockets {
 public:
  int64_t result = 0;
  int error = 0;           // for errno where the result is -1
  std::string data;        // what arrives
  sockaddr_in peer{};      // what accept and the like store
  short ready = POLLIN;    // what poll finds for the first descriptor
  int calls = 0;

  int socket(int, int, int) override { return Answer<int>(); }
  int socketpair(int, int, int, int ends[2]) override { return pipe2(ends, 0); }
  int bind(int, const sockaddr*, socklen_t) override { return Answer<int>(); }
  int listen(int, int) override { return Answer<int>(); }
  int accept(int sockfd, sockaddr* address, socklen_t* length) override { return accept4(sockfd, address, length, 0); }
  int accept4(int, sockaddr* address, socklen_t* length, int) override { return Address(address, length); }
  int connect(int, const sockaddr*, socklen_t) override { return Answer<int>(); }
  ssize_t send(int, const void*, size_t, int) override { return Answer<ssize_t>(); }
  ssize_t recv(int, void* buffer, size_t length, int) override { return Read(buffer, length); }
  ssize_t sendto(int, const void*, size_t, int, const sockaddr*, socklen_t) override { return Answer<ssize_t>(); }
  ssize_t recvfrom(int, void* buffer, size_t length, int, sockaddr*, socklen_t*) override {
    return Read(buffer, length);
  }
  ssize_t sendmsg(int, const msghdr*, int) override { return Answer<ssize_t>(); }
  ssize_t recvmsg(int, msghdr* message, int) override {
    return readv(0, message->msg_iov, static_cast<int>(message->msg_iovlen));
  }
  ssize_t read(int, void* buffer, size_t length) override { return Read(buffer, length); }
  ssize_t write(int, const void*, size_t) override { return Answer<ssize_t>(); }
  ssize_t readv(int, const iovec* buffers, int count) override {
    std::string left = data;
    for (int i = 0; i < count; ++i) {
      const size_t taken = std::min(left.size(), buffers[i].iov_len);
      std::memcpy(buffers[i].iov_base, left.data(), taken);
      left.erase(0, taken);
    }
    return Answer<ssize_t>();
  }
  ssize_t writev(int, const iovec*, int) override { return Answer<ssize_t>(); }
  int shutdown(int, int) override { return Answer<int>(); }
  int close(int) override { return Answer<int>(); }
  int dup(int) override { return Answer<int>(); }
  int dup2(int, int) override { return Answer<int>(); }
  int dup3(int, int, int) override { return Answer<int>(); }
  int fcntl(int, int, long) override { return Answer<int>(); }
  int ioctl(int, unsigned long, int* argument) override {
    *argument = 17;
    return Answer<int>();
  }
  int getsockopt(int, int, int, void* value, socklen_t* length) override {
    std::memcpy(value, &ready, sizeof(ready));
    *length = sizeof(int);
    return Answer<int>();
  }
  int setsockopt(int, int, int, const void*, socklen_t) override { return Answer<int>(); }
  int getsockname(int, sockaddr* address, socklen_t* length) override { return Address(address, length); }
  int getpeername(int, sockaddr* address, socklen_t* length) override { return Address(address, length); }
  int poll(pollfd* fds, nfds_t, int) override {
    if (fds != nullptr) fds[0].revents = ready;
    return Answer<int>();
  }
  int select(int, fd_set* readable, fd_set*, fd_set*, timeval*) override {
    if (readable != nullptr) FD_CLR(3, readable);
    return Answer<int>();
  }
  int ppoll(pollfd* fds, nfds_t count, const timespec*, const sigset_t*) override { return poll(fds, count, 0); }
  int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec*,
              const sigset_t*) override {
    return select(count, readable, writable, exceptional, nullptr);
  }
  int epoll_create1(int) override { return Answer<int>(); }
  int epoll_ctl(int, int, int, epoll_event*) override { return Answer<int>(); }
  int epoll_wait(int, epoll_event* events, int, int) override {
    for (int64_t i = 0; i < result; ++i) {
      events[i] = {static_cast<uint32_t>(ready), {.u64 = static_cast<uint64_t>(5 + i)}};
    }
    return Answer<int>();
  }
  int epoll_pwait(int epfd, epoll_event* events, int most, int, const sigset_t*) override {
    return epoll_wait(epfd, events, most, 0);
  }
  int epoll_pwait2(int epfd, epoll_event* events, int most, const timespec*, const sigset_t*) override {
    return epoll_wait(epfd, events, most, 0);
  }
  int pipe2(int ends[2], int) override {
    ends[0] = 5;
    ends[1] = 6;
    return Answer<int>();
  }
  int gethostname(char* name, size_t length) override {
    std::strncpy(name, data.c_str(), length);
    return Answer<int>();
  }
  int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo** list) override {
    found_.ai_addr = reinterpret_cast<sockaddr*>(&peer);
    found_.ai_addrlen = sizeof(peer);
    *list = &found_;
    return Answer<int>();
  }
  void freeaddrinfo(addrinfo*) override { ++calls; }

 private:
  template <typename Result>
  Result Answer() {
    ++calls;
    if (result < 0) errno = error;
    return static_cast<Result>(result);
  }
  ssize_t Read(void* buffer, size_t length) {
    std::memcpy(buffer, data.data(), std::min(length, data.size()));
    return Answer<ssize_t>();
  }
  int Address(sockaddr* address, socklen_t* length) {
    std::memcpy(address, &peer, std::min<size_t>(*length, sizeof(peer)));
    *length = sizeof(peer);
    return Answer<int>();
  }

  addrinfo found_{};
};

}  // namespace lab
