// Draws programs.
#pragma once

#include <cstdint>

#include "tests/differential/program.h"

namespace differential {

// The program of that seed: always the same one.
Program Generate(uint64_t seed);

}  // namespace differential
