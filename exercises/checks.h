// Checks that the scenarios of several exercises make of a submission's program. Each ends with a hint for whoever
// fails it.
#pragma once

#include <string>

#include "lab/grade/run.h"

namespace lab::exercises {

// Checks that the client ends by itself ("ends"), has printed exactly `wanted` ("output"), and reports success
// ("exit status"). Stops at the first that fails.
bool ExpectPrinted(grade::Run& run, ProcessId client, const std::string& wanted);

// Checks that the client ends by itself ("ends"), says on standard error that `what` went wrong ("error message"), and
// exits with a status other than 0, and not by a signal ("exit status").
void ExpectFailure(grade::Run& run, ProcessId client, const std::string& what, const std::string& hint);

// Checks that the server has not ended ("keeps running"). Gives one that is about to end the time for that: to be asked
// where something has failed already, so that the cause is what the student reads first.
bool ExpectStillRuns(grade::Run& run, ProcessId server);

}  // namespace lab::exercises
