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

// Fails where the build's own files (launcher, libraries) are missing.
absl::StatusOr<std::vector<std::string>> ProgramCommand(const ProgramOptions& options,
                                                        const std::vector<std::string>& arguments,
                                                        const ProgramSandbox& sandbox);

// What its author calls the program: the file's name.
std::string ProgramName(const ProgramOptions& options);

}  // namespace lab
