// How much of the machine's time a carried program takes in a run: while its world stands still and waits for it, and
// while the lab works in the world that it is in.
//
// World time says nothing about that: a program can make a call that costs the lab a thousand times what it says, or
// sleep in its own kernel between any two calls. What a run takes has to be bounded all the same, and a program that
// takes more is to be ended as itself, before whoever waits for the run takes the lab for broken.
#pragma once

#include <chrono>

namespace lab {

class BusyTime {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // From now on, of the calling thread's work, which has to be the one that runs the world.
  BusyTime() : begin_(Work()), work_(begin_) {}

  // The world has waited for the program. Looks at the lab's work too, now and then: that costs a system call.
  void Waited(Duration duration) {
    waited_ += duration;
    if (++waits_ % kWaitsToALook == 0) work_ = Work();
  }
  Duration total() const { return waited_ + (work_ - begin_); }

 private:
  static constexpr unsigned kWaitsToALook = 256;
  // What the thread has used of a processor.
  static Duration Work();

  Duration waited_{0};
  unsigned waits_ = 0;
  const Duration begin_;
  Duration work_;
};

}  // namespace lab
