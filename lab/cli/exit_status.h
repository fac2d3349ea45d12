// How the duet command ends, for scripts.
#pragma once

#include "absl/status/status.h"

namespace lab::cli {

enum ExitStatus {
  kFullScore = 0,  // or, of commands that do not grade: done
  kLess = 1,
  kWrongUse = 2,  // wrong usage or unreadable input
  kLabFailure = 3,
};

// Says on standard error what went wrong, and returns how the command ends with that.
int Fail(const absl::Status& status);

}  // namespace lab::cli
