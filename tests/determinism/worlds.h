// Small worlds of different kinds, to be run again and again: the same choices must give the same run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/choice/choices.h"

namespace determinism {

struct Result {
  uint64_t hash = 0;      // of the trace
  uint64_t events = 0;    // in it
  std::string outcomes;   // of all processes, in words
  std::vector<lab::Deviation> deviations;

  bool operator==(const Result&) const = default;
};

struct NamedWorld {
  const char* name;
  Result (*run)(lab::Choices choices, uint64_t seed);
};

// Among them: loss, jitter, short transfers, overflow, polling, partitions, resets, kills and pauses.
const std::vector<NamedWorld>& Worlds();

}  // namespace determinism
