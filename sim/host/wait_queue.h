// Who waits for something to happen to a socket or pipe.
//
// A waiter is an object on the waiting task's stack; it joins one queue and leaves it when it is destroyed. Being woken
// says only that the answer may be another now: whoever waits asks again.
#pragma once

#include <poll.h>

#include "sim/engine/scheduler.h"

namespace sim {

class WaitQueue;

class Waiter {
 public:
  Waiter() = default;
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Waits in `queue` for one of `events` (POLLIN…); for POLLERR and POLLHUP always. Once only.
  void Join(WaitQueue& queue, Task& task, short events);

 private:
  friend class WaitQueue;
  WaitQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  Task* task_ = nullptr;
  short events_ = 0;
};

// Must outlive its waiters.
class WaitQueue {
 public:
  bool empty() const { return first_ == nullptr; }
  // Wakes those who wait for one of `events`, in the order in which they came.
  void Wake(Scheduler& scheduler, short events);

 private:
  friend class Waiter;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace sim
