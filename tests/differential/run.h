// Performs a program on a stage and writes down what its calls gave.
#pragma once

#include <string>
#include <vector>

#include "tests/differential/program.h"
#include "tests/differential/stage.h"

namespace differential {

// What a program could see of one call, as text in which everything that may differ between runs is left out or has a
// name in the order of its appearance.
struct Seen {
  static constexpr int kNever = -1;

  int step = 0;  // its id; those that close what is left at the end follow the program's
  int returned = kNever;  // the step during which it came back
  std::string call;       // of those at the end
  std::string text;       // "= -1 EPIPE"; "skipped" where the actor was still in another call
  // It reads from a file that another thread already waits to read from, or one of the two polls: which of them gets
  // what, or sees it, is chance. Or it waits for whatever happens, which may be a matter of time.
  bool contended = false;
  bool operator==(const Seen&) const = default;
};

using Transcript = std::vector<Seen>;

// Every step in order, then closes of all that is open, lowest descriptor of the first process first.
Transcript Run(const Program& program, Stage& stage);

}  // namespace differential
