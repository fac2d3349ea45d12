#include "lab/run/live_input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lab::run {

bool LiveInput::Wait(Duration at_most) const {
  const auto ns = std::max(at_most, Duration::zero()).count();
  const timespec timeout{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  pollfd input{fd_, POLLIN, 0};
  return ppoll(&input, 1, &timeout, nullptr) > 0;
}

std::string LiveInput::Take() const {
  char buffer[4096];
  ssize_t length;
  do length = read(fd_, buffer, sizeof(buffer));
  while (length < 0 && errno == EINTR);
  return std::string(buffer, static_cast<size_t>(std::max<ssize_t>(length, 0)));
}

}  // namespace lab::run
