// The timers of one process of a carried program that end in signals, in the world's time: setitimer's, and those of
// timer_create.
//
// One that has expired rests until a thread of the process runs, which is told of it and sends the process its signal;
// between these moments nothing happens, however short the interval. What was missed is counted.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "lab/program/channel.h"
#include "lab/sockets/thread.h"

namespace lab {

// How long it is until a program's clock shows `moment_ns`, where that isn't 0, which stands for never: what has passed
// comes at once. Negative where `moment_ns` is.
Duration UntilMoment(int64_t moment_ns, bool real_time, Time now);

class ProcessTimers {
 public:
  // What comes of an expiration.
  struct Event {
    int signal = 0;      // 0: nothing
    int64_t thread = 0;  // which the signal is for; 0: the process
    bool real_time = false;  // the timer's moments are CLOCK_REALTIME's
  };
  // Interrupts who takes such a signal.
  using Interrupt = std::function<void(const Event& event)>;

  explicit ProcessTimers(Interrupt interrupt);
  // Ends the thread of the world that waits for them.
  ~ProcessTimers();
  ProcessTimers(const ProcessTimers&) = delete;
  ProcessTimers& operator=(const ProcessTimers&) = delete;

  // A timer that isn't set: its number, or -EAGAIN where there are as many as there may be.
  int Create(const Event& event);
  // False where there is none such.
  bool Delete(int64_t timer);
  // Deletes all but setitimer's, as exec does.
  void DeleteCreated();

  // Sets a timer, or DUET_TIMER_ALARM, to expire after `value` (0: never), and then every `interval` (0: once); nothing
  // leaves it. Gives what was left, or nothing where there is no such timer. `thread` is one of the process.
  std::optional<Thread::Timer> Set(int64_t timer, const std::optional<Thread::Timer>& setting, Thread& thread);
  // Whether a moment that the timer is set to is CLOCK_REALTIME's.
  bool real_time(int64_t timer) const;

  // What has expired since it was last asked for, of the process's and of the thread's of that number.
  void Collect(int64_t thread, Time now, std::vector<duet_expiry>& expiries);

 private:
  struct Timer {
    bool made = false;
    Event event;
    std::optional<Time> next;  // when it expires; nothing: not set
    Duration interval{0};
    bool rests = false;
    Thread::Timer Left(Time now) const;
  };

  Timer* Find(int64_t timer);
  void Wait(Thread& thread);

  const Interrupt interrupt_;
  // setitimer's is the last.
  std::array<Timer, DUET_CHANNEL_TIMERS + 1> timers_;
  int resting_ = 0;
  Thread* waiter_ = nullptr;  // from the first use on
};

}  // namespace lab
