// Executes other programs without forking, and waits for them. From any thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lab {

// A command's words as exec takes them, with a null pointer at the end. Borrows them.
std::vector<char*> ArgumentVector(const std::vector<std::string>& command);

struct GivenDescriptor {
  int ours;
  int theirs;
};

// Executes `command` (an absolute path and its arguments) with this environment, no blocked signals, and of the
// descriptors only those that it is given; /dev/null for what is missing of the standard ones. Each `ours` must be
// above each `theirs`. An error where it can't be executed.
absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const std::vector<GivenDescriptor>& given);

// What a shell makes of a status that waitpid gives: the exit status, or 128 + n where signal n ended the process.
int ExitStatusOf(int wait_status);

// Blocks until the child has ended; gives its ExitStatusOf.
int WaitForExit(pid_t child);

}  // namespace lab
