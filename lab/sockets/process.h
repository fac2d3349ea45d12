// What a process of a world has besides its sockets: arguments, a clock, and a way to say what it saw.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/sockets/sockets.h"

namespace lab {

// Time since the world was made. The simulated world's moves only when nothing can run.
using Time = std::chrono::nanoseconds;
using Duration = std::chrono::nanoseconds;

// A process as its own code sees it. Calls come from that code only. All of them block only where said.
class Process {
 public:
  virtual ~Process() = default;

  virtual Sockets& sockets() = 0;

  // The process's arguments, its name first, as in main().
  virtual const std::vector<std::string>& arguments() const = 0;

  virtual Time now() = 0;

  // Blocks for that long, or not at all where `duration` is zero or less.
  virtual void sleep(Duration duration) = 0;

  // Fills the buffer with bytes for keys and seeds; in the simulated world the same in every run of a seed.
  virtual void random(void* buffer, size_t length) = 0;

  // Tells the scenario what this process saw ("received", "20 bytes"). Reports keep their order and reach
  // the scenario's `Outcome` even if the process dies afterwards.
  virtual void report(std::string_view key, std::string_view value) = 0;
};

// A process in C++: runs in-process on a fiber in the simulated world, in a process of its own in the real
// one, and returns its exit status. It keeps to its Process: what it captures by reference is not shared
// with anybody in the real world. It lets exceptions that it did not throw itself pass: a process that is
// killed is unwound by one.
using Function = std::function<int(Process&)>;

}  // namespace lab
