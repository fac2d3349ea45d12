// What tests of urgent data are written with, beside harness.h.
#pragma once

#include <string>
#include <string_view>

#include "tests/conformance/harness.h"

namespace conformance {

constexpr short kAllEvents = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND;

// Sends these, the last one urgent, and waits until that has come.
inline void SendUrgent(Self& self, int from, int to, std::string_view bytes) {
  self.Gives(self->send(from, bytes.data(), bytes.size(), MSG_OOB), static_cast<long>(bytes.size()));
  self.WaitForEvents(to, POLLPRI, POLLPRI);
}

inline void WaitForBytes(Self& self, int fd, size_t length) {
  std::string bytes(length, '-');
  self.Gives(self->recv(fd, bytes.data(), length, MSG_PEEK | MSG_WAITALL), static_cast<long>(length));
}

// What one call gives, without waiting: the bytes, or "EAGAIN" and its like.
inline std::string Get(Self& self, int fd, size_t length, int flags = 0) {
  std::string bytes(length, '-');
  const ssize_t count = self->recv(fd, bytes.data(), length, flags | MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN ? "EAGAIN" : errno == EINVAL ? "EINVAL" : "another error";
  return bytes.substr(0, static_cast<size_t>(count));
}

}  // namespace conformance
