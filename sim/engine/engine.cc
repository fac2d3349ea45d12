#include "sim/engine/engine.h"

#include <algorithm>
#include <utility>

namespace sim {

void Engine::TakeEvent() {
  clock_.AdvanceTo(events_.next());
  events_.Pop().OnTime();
}

bool Engine::RunUntil(const std::function<bool()>& condition, Time limit) {
  limit_ = limit;
  condition_ = &condition;
  while (!condition()) {
    if (!scheduler_.idle()) {
      scheduler_.RunOne();
      continue;
    }
    if (at_rest()) return false;
    if (events_.next() > limit) {
      clock_.AdvanceTo(std::max(now(), limit));
      return false;
    }
    TakeEvent();
  }
  return true;
}

void Engine::RunTo(Time limit) {
  const std::function<bool()> never = [] { return false; };
  limit_ = limit;
  condition_ = &never;
  while (!scheduler_.idle() || events_.AnyUntil(limit)) {
    scheduler_.idle() ? TakeEvent() : scheduler_.RunOne();
  }
  clock_.AdvanceTo(std::max(now(), limit));
}

bool Engine::Spend(Duration cost) {
  Task& task = *scheduler_.current();
  const Time until = now() + cost;
  // The same as the general case below, without the way through the queue: nothing else could run before `until`.
  const bool alone = scheduler_.idle() && !events_.AnyUntil(until) && until <= limit_;
  if (alone && !task.paused() && !task.fiber_.unwinding() && !(*condition_)()) {
    clock_.AdvanceTo(until);
    return true;
  }
  return Wait(until) != Task::Wakeup::kKilled;
}

Task::Wakeup Engine::Wait(std::optional<Time> deadline) {
  Task& task = *scheduler_.current();
  if (!task.fiber_.unwinding()) {
    task.status_ = Task::Status::kWaiting;
    // Of a task that was paused it may have passed.
    if (deadline) events_.Schedule(task, std::max(*deadline, now()));
  }
  const bool resumed = task.fiber_.Suspend();
  if (deadline) task.Cancel();
  return resumed ? task.wakeup_ : Task::Wakeup::kKilled;
}

Task::Wakeup Engine::WaitInterruptibly(std::optional<Time> deadline) {
  Task& task = *scheduler_.current();
  if (std::exchange(task.interrupted_, false)) return Task::Wakeup::kInterrupted;
  task.interruptible_ = true;
  const Task::Wakeup wakeup = Wait(deadline);
  task.interruptible_ = false;
  return wakeup;
}

}  // namespace sim
