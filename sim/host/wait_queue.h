// Who waits for something to happen to a file: a task in a call, or an epoll descriptor that has it on its list.
//
// A waiter joins one queue and leaves it when it is destroyed. Being told says only that the answer may be another now:
// whoever waits asks again.
#pragma once

#include <poll.h>

#include "sim/engine/scheduler.h"

namespace sim {

class WaitQueue;

class Waiter {
 public:
  Waiter() = default;
  virtual ~Waiter() { Leave(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Waits in `queue` for one of `events` (POLLIN…); for POLLERR and POLLHUP always. Of exclusive waiters one is told,
  // the one that came first, after all the others. Once only, until it leaves.
  void Join(WaitQueue& queue, short events, bool exclusive = false);
  void Leave();

 private:
  friend class WaitQueue;

  // `events` have come. Gives whether that was of use: an exclusive waiter is then the last to be told.
  virtual bool OnWake(Scheduler& scheduler, short events) = 0;
  // The last descriptor of the file is gone. May leave.
  virtual void OnRelease() {}

  WaitQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  short events_ = 0;
  bool exclusive_ = false;
};

// Makes a task ready, and leaves the queue with that.
class TaskWaiter final : public Waiter {
 public:
  // The task that runs now.
  explicit TaskWaiter(Scheduler& scheduler) : task_(*scheduler.current()) {}

 private:
  bool OnWake(Scheduler& scheduler, short events) override;

  Task& task_;
};

// Must outlive its waiters.
class WaitQueue {
 public:
  // Stands for any event: something has changed, and all are to ask, exclusive ones too.
  static constexpr short kAnything = -1;
  // What Linux tells where something can be read: select hears it whatever it was asked for.
  static constexpr short kReadable = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND;

  bool empty() const { return first_ == nullptr; }
  // Tells those who wait for one of `events`, last come first, as Linux does.
  void Wake(Scheduler& scheduler, short events);
  // Tells everybody that the file is no more.
  void Release();

 private:
  friend class Waiter;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

inline void Waiter::Join(WaitQueue& queue, short events, bool exclusive) {
  queue_ = &queue;
  events_ = static_cast<short>(events | POLLERR | POLLHUP);
  exclusive_ = exclusive;
  previous_ = exclusive ? queue.last_ : nullptr;
  next_ = exclusive ? nullptr : queue.first_;
  (previous_ != nullptr ? previous_->next_ : queue.first_) = this;
  (next_ != nullptr ? next_->previous_ : queue.last_) = this;
}

inline void Waiter::Leave() {
  if (queue_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
  queue_ = nullptr;
  previous_ = next_ = nullptr;
}

}  // namespace sim
