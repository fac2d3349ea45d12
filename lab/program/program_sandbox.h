// The sandbox's command line for a submission's program, in either world.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/program/program.h"

namespace lab {

struct ProgramSandbox {
  bool carried = false;  // over the channel, in a simulated world
  int ledger = -1;       // a descriptor that the program's library finds by DUET_LEDGER; -1: none
};

// Fails where the build's own files (the libraries) are missing.
absl::StatusOr<std::vector<std::string>> ProgramCommand(const ProgramOptions& options,
                                                        const std::vector<std::string>& arguments,
                                                        const ProgramSandbox& sandbox);

// "used more than 10 s of CPU time".
std::string UsedTooMuchCpu(const Limits& limits);
// What a program has done whose end has that status (128 + n where signal n ended it), where it is a limit's; or
// nothing.
std::string LimitReached(const Limits& limits, int exit_status);

// What its author calls the program: the file's name.
std::string ProgramName(const ProgramOptions& options);

}  // namespace lab
