#include "sim/host/wait_queue.h"

namespace sim {

Waiter::~Waiter() {
  if (queue_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
}

void Waiter::Join(WaitQueue& queue, Task& task, short events) {
  queue_ = &queue;
  task_ = &task;
  events_ = static_cast<short>(events | POLLERR | POLLHUP);
  previous_ = queue.last_;
  (previous_ != nullptr ? previous_->next_ : queue.first_) = this;
  queue.last_ = this;
}

void WaitQueue::Wake(Scheduler& scheduler, short events) {
  for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
    if ((waiter->events_ & events) != 0) scheduler.Wake(*waiter->task_);
  }
}

}  // namespace sim
