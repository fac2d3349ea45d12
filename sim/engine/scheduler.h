// Which of the tasks that can run does: round robin, where the choices don't say otherwise.
#pragma once

#include <functional>

#include "lab/choice/choices.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/fiber.h"
#include "sim/engine/fifo.h"

namespace sim {

class Scheduler;

// A thread of a simulated process: a fiber that the scheduler knows. It must not outlive its Scheduler.
class Task final : private Event {
 public:
  Task(Scheduler& scheduler, std::function<void()> body);
  // Unwinds it where it has not ended.
  ~Task() override;

  // What ended a wait.
  enum class Wakeup : uint8_t { kWoken, kTimedOut, kInterrupted, kKilled };

  // From outside: a paused task is not scheduled; what would have woken it counts when it is resumed.
  void Pause();
  void Resume();
  // From outside, or from another task: unwinds it now.
  void Kill();
  // From outside, or from another task: ends the interruptible wait that it is in, or else the next one, as a signal
  // does.
  void Interrupt();
  // What has interrupted no wait interrupts none.
  void ForgetInterruption() { interrupted_ = false; }

  bool paused() const { return paused_; }
  bool done() const { return fiber_.done(); }

 private:
  friend class Scheduler;
  friend class Engine;
  enum class Status : uint8_t { kWaiting, kReady, kRunning };

  void OnTime() override;

  Scheduler& scheduler_;
  Fiber fiber_;
  Status status_ = Status::kWaiting;
  Wakeup wakeup_ = Wakeup::kWoken;
  bool paused_ = false;
  bool queued_ = false;
  bool interruptible_ = false;
  bool interrupted_ = false;
};

class Scheduler {
 public:
  explicit Scheduler(lab::Choices& choices) : choices_(choices) {}

  // Makes a waiting task ready: it goes to the end of the round robin. Harmless where it is ready already.
  void Wake(Task& task, Task::Wakeup wakeup = Task::Wakeup::kWoken);
  // Takes it out of the round robin.
  void Remove(Task& task);

  bool idle() const { return ready_.empty(); }
  // Runs one of the ready tasks until it waits. Only where not idle().
  void RunOne();
  // The task that runs now, or null.
  Task* current() const { return current_; }

 private:
  friend class Task;
  void Enqueue(Task& task);

  lab::Choices& choices_;
  Fifo<Task*> ready_;
  Task* current_ = nullptr;
};

}  // namespace sim
