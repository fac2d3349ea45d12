// A program as a short C-like script, with what its calls gave beside them.
#pragma once

#include <string>

#include "tests/differential/compare.h"

namespace differential {

// A call as C would write it: `recv(fd4, buffer, 100, MSG_PEEK)`.
std::string ToString(const Step& step);

// A line for each step; where kernel and simulation differ, both outcomes.
std::string Script(const Program& program, const Comparison& comparison);

}  // namespace differential
