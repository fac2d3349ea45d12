// Where a command's program is: on the system's path, or in the directory that programs see as their own.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lab::run {

struct FoundProgram {
  std::string file;    // on this machine
  std::string inside;  // as programs see it
};

// `word`: a command's first; `directory`: the programs' own, on this machine. NotFound or InvalidArgument, with a
// sentence, for a name that nothing has, and for a file that no program would see.
absl::StatusOr<FoundProgram> FindProgram(const std::string& word, const std::string& directory);

}  // namespace lab::run
