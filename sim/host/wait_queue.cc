#include "sim/host/wait_queue.h"

namespace sim {

void Waiter::Join(WaitQueue& queue, short events, bool exclusive) {
  queue_ = &queue;
  events_ = static_cast<short>(events | POLLERR | POLLHUP);
  exclusive_ = exclusive;
  previous_ = exclusive ? queue.last_ : nullptr;
  next_ = exclusive ? nullptr : queue.first_;
  (previous_ != nullptr ? previous_->next_ : queue.first_) = this;
  (next_ != nullptr ? next_->previous_ : queue.last_) = this;
}

void Waiter::Leave() {
  if (queue_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
  queue_ = nullptr;
  previous_ = next_ = nullptr;
}

bool TaskWaiter::OnWake(Scheduler& scheduler, short) {
  Leave();
  scheduler.Wake(task_);
  return true;
}

void WaitQueue::Wake(Scheduler& scheduler, short events) {
  for (Waiter *waiter = first_, *next; waiter != nullptr; waiter = next) {
    next = waiter->next_;
    if ((waiter->events_ & events) == 0) continue;
    const bool exclusive = waiter->exclusive_;
    if (waiter->OnWake(scheduler, events) && exclusive && events != kAnything) return;
  }
}

void WaitQueue::Release() {
  for (Waiter *waiter = first_, *next; waiter != nullptr; waiter = next) {
    next = waiter->next_;
    waiter->OnRelease();
  }
}

}  // namespace sim
