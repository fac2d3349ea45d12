// Performs a program on the kernel and in the simulation, and says where they differ.
#pragma once

#include <string>

#include "tests/differential/run.h"

namespace differential {

enum class Verdict {
  kSame,
  kDiscarded,  // the kernel disagrees with itself, or might: threads wait for the same bytes
  kDiverged,
};

struct Comparison {
  Verdict verdict = Verdict::kSame;
  Transcript kernel;
  Transcript simulated;
  size_t first = 0;   // where they diverge: the place in both
  std::string kind;   // of divergence, in a few words: those of the same kind probably have one cause
};

// Twice on the kernel, once in the simulation; where those differ the kernel is asked several times more.
Comparison Compare(const Program& program, Stage& kernel, Stage& simulated);

}  // namespace differential
