// Makes a program that shows a divergence smaller.
#pragma once

#include <functional>

#include "tests/differential/program.h"

namespace differential {

// Leaves out steps and simplifies their arguments as long as `still` holds of what is left, at most `most_tries` times
// asked. `still` must hold of the program itself.
Program Shrink(Program program, const std::function<bool(const Program&)>& still, int most_tries = 2'000);

}  // namespace differential
