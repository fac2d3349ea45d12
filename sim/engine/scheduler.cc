#include "sim/engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace sim {

Task::Task(Scheduler& scheduler, std::function<void()> body) : scheduler_(scheduler), fiber_(std::move(body)) {}

Task::~Task() { Kill(); }

void Task::OnTime() { scheduler_.Wake(*this, Wakeup::kTimedOut); }

void Task::Pause() {
  paused_ = true;
  scheduler_.Remove(*this);
}

void Task::Resume() {
  if (!paused_) return;
  paused_ = false;
  if (status_ == Status::kReady) scheduler_.Enqueue(*this);
}

void Task::Kill() {
  scheduler_.Remove(*this);
  Cancel();
  if (fiber_.done()) return;
  status_ = Status::kRunning;
  wakeup_ = Wakeup::kKilled;
  Task* const before = std::exchange(scheduler_.current_, this);
  fiber_.Unwind();
  scheduler_.current_ = before;
}

void Task::Interrupt() {
  if (status_ == Status::kWaiting && interruptible_) return scheduler_.Wake(*this, Wakeup::kInterrupted);
  interrupted_ = true;
}

void Scheduler::Wake(Task& task, Task::Wakeup wakeup) {
  if (task.status_ != Task::Status::kWaiting || task.done()) return;
  task.status_ = Task::Status::kReady;
  task.wakeup_ = wakeup;
  if (!task.paused_) Enqueue(task);
}

void Scheduler::Enqueue(Task& task) {
  if (std::exchange(task.queued_, true)) return;
  ready_.push_back(&task);
}

void Scheduler::Remove(Task& task) {
  if (!std::exchange(task.queued_, false)) return;
  ready_.Erase(static_cast<size_t>(std::find(ready_.begin(), ready_.end(), &task) - ready_.begin()));
}

void Scheduler::RunOne() {
  size_t index = 0;
  // Where there is nothing to choose nothing is asked: runs with one process have no schedule to record.
  if (ready_.size() > 1) index = choices_.Pick(lab::Choice::kSchedule, 0, static_cast<uint32_t>(ready_.size()));
  Task& task = *ready_[index];
  index == 0 ? void(ready_.TakeFront()) : ready_.Erase(index);
  task.queued_ = false;
  task.status_ = Task::Status::kRunning;
  current_ = &task;
  task.fiber_.Resume();
  current_ = nullptr;
}

}  // namespace sim
