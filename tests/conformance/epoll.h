// What tests of epoll are written with, beside harness.h.
#pragma once

#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/harness.h"

namespace conformance {

inline constexpr uint32_t kEdge = EPOLLET;

// An epoll descriptor of a process; the data of each entry is its descriptor.
class Epoll {
 public:
  using Told = std::vector<std::pair<int, uint32_t>>;

  explicit Epoll(Self& self) : self_(self), fd_(self.Ok(self->epoll_create1(0))) {}

  int fd() const { return fd_; }
  int Control(int operation, int fd, uint32_t events) {
    epoll_event event{events, {.fd = fd}};
    return self_->epoll_ctl(fd_, operation, fd, &event);
  }
  void Add(int fd, uint32_t events, Self::Where where = Self::Where::current()) {
    self_.Gives(Control(EPOLL_CTL_ADD, fd, events), 0, where);
  }
  void Modify(int fd, uint32_t events, Self::Where where = Self::Where::current()) {
    self_.Gives(Control(EPOLL_CTL_MOD, fd, events), 0, where);
  }
  void Delete(int fd, Self::Where where = Self::Where::current()) {
    self_.Gives(self_->epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr), 0, where);
  }
  // epoll_wait tells this, in this order.
  void Tells(const Told& expected, int most = 16, int timeout_ms = 0, Self::Where where = Self::Where::current()) {
    std::vector<epoll_event> events(static_cast<size_t>(most));
    const int count = self_.Ok(self_->epoll_wait(fd_, events.data(), most, timeout_ms), where);
    Told told;
    for (int i = 0; i < count; ++i) {
      const epoll_event event = events[static_cast<size_t>(i)];
      told.push_back({event.data.fd, event.events});
    }
    self_.Equal(Text(told), Text(expected), where);
  }
  void TellsNothing(Self::Where where = Self::Where::current()) { Tells({}, 16, 0, where); }

 private:
  static std::string Text(const Told& told) {
    std::string text;
    for (const auto& [fd, events] : told) text += std::to_string(fd) + ":" + std::to_string(events) + " ";
    return text;
  }

  Self& self_;
  const int fd_;
};

// A pipe: epoll sees what is written to it at once.
struct Pipe {
  explicit Pipe(Self& self, int flags = O_NONBLOCK) {
    int ends[2];
    self.Gives(self->pipe2(ends, flags), 0);
    out = ends[0];
    in = ends[1];
  }
  int out;
  int in;
};

inline void Write(Self& self, int fd, Self::Where where = Self::Where::current()) {
  self.Gives(self->write(fd, "x", 1), 1, where);
}

inline void Read(Self& self, int fd, Self::Where where = Self::Where::current()) {
  char byte;
  self.Gives(self->read(fd, &byte, 1), 1, where);
}

}  // namespace conformance
