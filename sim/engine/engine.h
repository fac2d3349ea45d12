// What makes a simulated world move: its clock, its events and its tasks.
//
// Time moves only when no task can run, and then to the next event. Nothing else happens here: what events and tasks
// do is theirs.
#pragma once

#include <functional>
#include <optional>

#include "lab/choice/choices.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/scheduler.h"
#include "sim/engine/virtual_clock.h"

namespace sim {

class Engine {
 public:
  explicit Engine(lab::Choices choices) : choices_(std::move(choices)), scheduler_(choices_) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Time now() const { return clock_.now(); }
  EventQueue& events() { return events_; }
  Scheduler& scheduler() { return scheduler_; }
  lab::Choices& choices() { return choices_; }
  const lab::Choices& choices() const { return choices_; }

  // --- From outside ---

  // Runs tasks and events until `condition` holds (true), or until the next event lies beyond `limit` or nothing is
  // left that a process could see (false). The condition is asked first and after every step. The clock ends at
  // `limit` where that was reached, otherwise where it was.
  bool RunUntil(const std::function<bool()>& condition, Time limit);
  // The same without a condition, and background events count: the clock ends at `limit`.
  void RunTo(Time limit);
  // No task can run and no event is left that one could see.
  bool at_rest() const {
    return scheduler_.idle() && events_.visible() == 0 && (background_reasons_ == 0 || events_.empty());
  }
  // When the next task runs or the next event comes; Time::max() where none does.
  Time next() const { return !scheduler_.idle() ? now() : events_.empty() ? Time::max() : events_.next(); }
  // While there are reasons, background events count as visible: somebody waits for what one of them may bring.
  void AddBackgroundReason() { ++background_reasons_; }
  void RemoveBackgroundReason() { --background_reasons_; }

  // --- From inside a task ---

  // Lets `cost` pass for the task that runs; others run meanwhile. False where the task is being killed.
  bool Spend(Duration cost);
  // Waits until somebody wakes the task, or until `deadline`. kKilled only in destructors that run because the task
  // is killed; elsewhere that throws.
  Task::Wakeup Wait(std::optional<Time> deadline);
  // The same, and Task::Interrupt ends it too.
  Task::Wakeup WaitInterruptibly(std::optional<Time> deadline);

 private:
  // The clock goes on to the first event, which happens.
  void TakeEvent();

  VirtualClock clock_;
  EventQueue events_;
  lab::Choices choices_;
  Scheduler scheduler_;
  int background_reasons_ = 0;
  Time limit_{0};
  const std::function<bool()>* condition_ = nullptr;
};

}  // namespace sim
