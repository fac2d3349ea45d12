// How far a simulated world's time may go, so that it passes as time does on the wall.
#pragma once

#include <chrono>

#include "lab/sockets/process.h"

namespace lab::run {

class Pace {
 public:
  // The world's time that belongs to this moment.
  Time Allowed() const { return at_ + (Clock::now() - since_); }

  // The world is at `now`. What it has taken to get there is not made up for by going faster: programs would see time
  // jump, and whoever types would have no time to.
  void Reached(Time now) {
    if (Allowed() - now < kMostBehind) return;
    at_ = now;
    since_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Duration kMostBehind = std::chrono::milliseconds(100);

  Time at_{0};
  Clock::time_point since_ = Clock::now();
};

}  // namespace lab::run
