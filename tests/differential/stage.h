// Where a program is performed: actors with the network's sockets, and time to settle between their calls.
//
// For one thread, which performs one program after another.
#pragma once

#include <functional>

#include "lab/sockets/sockets.h"
#include "tests/differential/program.h"

namespace differential {

// Beside the actors of a program each process has a thread that closes its descriptors in the end.
inline constexpr int kAllActors = kActors + kProcesses;
constexpr int CloserOf(int process) { return kActors + process; }
constexpr int ProcessOfAny(int actor) { return actor < kActors ? ProcessOf(actor) : actor - kActors; }

// How long a call is given to come back by itself, beyond the time in which its effects settle.
enum class Patience {
  kNone,      // it comes back at once or when another actor makes it
  kTimeouts,  // it may have a timeout that was drawn (kMostTimeoutMs)
  kLong,      // it may move much, or wait for an acknowledgement, which may be delayed
};

class Stage {
 public:
  using Job = std::function<void(lab::Sockets&)>;

  virtual ~Stage() = default;

  // Makes the stage empty: no descriptors, no connections, every port free, nobody busy.
  virtual void Begin() = 0;

  // Gives the job to an actor that is not busy, and lets time pass until all its effects are there: each actor's job
  // has ended, or it waits in a call that only another call can end; and no data is on its way.
  virtual void Run(int actor, Job job, Patience patience) = 0;

  // Whether the actor's job has not ended.
  virtual bool Busy(int actor) const = 0;

  // Ends the jobs that still wait; what they were given is not used any more afterwards.
  virtual void End() = 0;
};

}  // namespace differential
