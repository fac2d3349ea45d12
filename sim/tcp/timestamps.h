// The clock of RFC 7323's timestamps: milliseconds, as Linux counts.
#pragma once

#include <cstdint>

#include "lab/sockets/process.h"

namespace sim::tcp {

// Never 0, which says "none" in an echo.
inline uint32_t TimestampAt(lab::Time now) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + 1;
}

// The round trip that the echo of a timestamp tells.
inline lab::Duration SinceTimestamp(lab::Time now, uint32_t echo) {
  return std::chrono::milliseconds(TimestampAt(now) - echo);
}

}  // namespace sim::tcp
