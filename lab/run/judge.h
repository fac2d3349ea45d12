// Whether a lab's run went as it should.
#pragma once

#include "lab/run/play.h"

namespace lab::run {

// Fills in `problems` and `lab_error` of a run that is otherwise described.
void Judge(const Plan& plan, const Trace& trace, Played& played);

}  // namespace lab::run
