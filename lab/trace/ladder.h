// A trace as a sequence diagram in text: a column for each host, arrows for packets, calls where they were made.
#pragma once

#include <string>

#include "lab/trace/trace.h"

namespace lab {

struct LadderOptions {
  size_t width = 100;      // columns of the terminal
  size_t most_lines = 60;  // longer runs are cut in the middle, which is said; the last lines matter most
  bool colour = false;     // ANSI colours: lost packets red, failed calls yellow
};

// Ends with a newline; equal traces give equal text. Repetitions (the hundredth segment of a transfer) are
// folded into one line with their count.
std::string Ladder(const Trace& trace, const LadderOptions& options);

}  // namespace lab
