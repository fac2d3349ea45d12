// The time of a simulated world: integer nanoseconds since it was made, moved by its engine alone.
#pragma once

#include <cstdlib>

#include "lab/sockets/process.h"

namespace sim {

using lab::Duration;
using lab::Time;

class VirtualClock {
 public:
  Time now() const { return now_; }

  // Time never goes back: an earlier `time` is a mistake of the caller's, and ends the process.
  void AdvanceTo(Time time) {
    if (time < now_) std::abort();
    now_ = time;
  }

 private:
  Time now_{0};
};

}  // namespace sim
