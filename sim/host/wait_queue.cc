#include "sim/host/wait_queue.h"

namespace sim {

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
