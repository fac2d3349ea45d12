// What tests of socketpair are written with, beside harness.h.
#pragma once

#include <sys/ioctl.h>
#include <sys/un.h>

#include <string_view>
#include <utility>

#include "tests/conformance/harness.h"

namespace conformance {

inline constexpr int kAllEvents = POLLIN | POLLOUT | POLLRDHUP;

inline std::pair<int, int> MakePair(Self& self, int type, Self::Where where = Self::Where::current()) {
  int ends[2];
  self.Gives(self->socketpair(AF_UNIX, type, 0, ends), 0, where);
  return {ends[0], ends[1]};
}

inline int Waiting(Self& self, int fd) {
  int bytes = -1;
  self.Gives(self->ioctl(fd, FIONREAD, &bytes), 0);
  return bytes;
}

inline void Write(Self& self, int fd, std::string_view bytes, Self::Where where = Self::Where::current()) {
  self.Gives(self->send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<long>(bytes.size()), where);
}

// One recv gives this.
inline void Reads(Self& self, int fd, std::string_view expected, int flags = 0, Self::Where where = Self::Where::current()) {
  char bytes[100];
  const long got = self.Ok(self->recv(fd, bytes, sizeof bytes, flags), where);
  self.Equal(std::string_view(bytes, static_cast<size_t>(got)), expected, where);
}

inline void Refuses(Self& self, int fd, int error, Self::Where where = Self::Where::current()) {
  char byte;
  self.Fails(self->recv(fd, &byte, 1, MSG_DONTWAIT), error, where);
}

}  // namespace conformance
