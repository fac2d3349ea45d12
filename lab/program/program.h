// Ordinary executables and scripts as processes of a world.
//
// In the simulated world a program runs in a sandbox of its own with a preloaded library, which hands its
// network calls to the lab over shared memory; the Function that stands for it serves them from its
// Process's Sockets, one at a time, while the world waits. In the real world the program runs in the host's
// namespaces; the library there only writes the ledger.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lab/sockets/process.h"

namespace lab {

struct Limits {
  int cpu_seconds = 10;  // each of its processes
  // In a simulated world: for how long of the machine's time it may let its world wait, and the lab work, in all.
  int busy_seconds = 90;
  uint64_t memory_bytes = uint64_t{1} << 30;
  uint64_t file_bytes = uint64_t{64} << 20;
  int open_files = 256;  // at most 4,094
  int processes = 64;
};

struct ProgramOptions {
  // What to execute inside the sandbox: {"/submission/server"} or {"/usr/bin/python3", "/submission/server.py"}.
  // The process's arguments follow.
  std::vector<std::string> command;
  // A folder of this machine that stands, read only, at /submission.
  std::string folder;
  Limits limits;
  // Somebody waits for its output: where it leaves it to libc or Python when that is written, it is by the line.
  bool writes_lines = false;
  // Further files of this machine, and where they stand, read only.
  std::vector<std::pair<std::string, std::string>> files = {};
};

// The program as a process of a simulated world. It keeps the thread that runs it on the processor where it is (a
// hand-over across processors costs fifteen times as much), and ends the program when it returns or is unwound.
Function CarriedProgram(ProgramOptions options);

// The program as a process of a real world: the Function starts it in its own process's namespaces, waits, and
// gives its exit status. The process's standard streams become the program's.
Function ExecutedProgram(ProgramOptions options);

// Why the file at `path` can't be a program here ("server is statically linked: link it with the shared C
// library so that Duet can carry its calls"), or OK.
absl::Status CheckExecutable(const std::string& path);

// Why sandboxes can't be made on this machine, and what to enable; or OK.
absl::Status SandboxAvailable();

}  // namespace lab
