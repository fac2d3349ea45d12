// Runs another program and listens to it: for compilers and workers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace lab::service {

struct CommandOptions {
  std::string input;
  // A descriptor that gives what follows, as it comes, or -1; and who is told of each piece.
  int more_input = -1;
  std::function<void()> on_more_input;
  // Given what comes on standard output, as it comes.
  std::function<void(std::string_view)> on_output;
  // The command is ended when it says nothing on standard output for that long…
  std::chrono::seconds most_silence{60};
  // …or when it and all that it started take more memory than this together (see memory_use.h)…
  uint64_t most_memory = std::numeric_limits<uint64_t>::max();
  // …or when this, asked several times a second, says so.
  std::function<bool()> cancelled = [] { return false; };
};

struct CommandResult {
  enum class End { kExited, kSilent, kTooLarge, kCancelled };
  End end = End::kExited;
  int status = 0;            // 128 + n where signal n ended it
  std::string error_output;  // the last 64 KiB
};

// Blocks until the command (an absolute path and its arguments) has ended and nothing of it runs any more. It inherits
// the environment, no descriptor but the three pipes, and no blocked signals; it is killed when this thread dies. May
// be called from any thread: nothing here forks without executing. An error where it can't be started.
absl::StatusOr<CommandResult> RunCommand(const std::vector<std::string>& command, const CommandOptions& options);

}  // namespace lab::service
