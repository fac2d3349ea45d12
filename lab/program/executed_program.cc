// A program as a process of a real world: it runs in the host's own namespaces, in a sandbox.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/program/program.h"
#include "lab/program/program_sandbox.h"
#include "lab/program/spawn.h"
#include "lab/world/world.h"

namespace lab {
namespace {

// The memory that the world keeps this process's ledger in, kept over exec.
int LedgerDescriptor() {
  const char* number = std::getenv("DUET_LEDGER");
  if (number == nullptr) return -1;
  const int fd = std::atoi(number);
  fcntl(fd, F_SETFD, 0);
  return fd;
}

int Run(Process& process, const ProgramOptions& options) {
  std::vector<std::string> arguments = process.arguments();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  ProgramSandbox sandbox;
  sandbox.ledger = LedgerDescriptor();
  const absl::StatusOr<std::vector<std::string>> line = ProgramCommand(options, arguments, sandbox);
  const pid_t child = line.ok() ? fork() : -1;
  if (child < 0) {
    const std::string reason(line.ok() ? "no process could be made for a program" : line.status().message());
    process.report(kLabErrorReport, reason);
    return 127;
  }
  if (child == 0) {
    execv((*line)[0].c_str(), ArgumentVector(*line).data());
    _exit(127);
  }

  // This process stays to say what the status means. The standard streams are the program's: they end when it does.
  for (int fd = 0; fd < 3; ++fd) close(fd);
  const int exit_status = WaitForExit(child);
  if (const std::string reached = LimitReached(options.limits, exit_status); !reached.empty()) {
    process.report(kLimitReport, absl::StrCat(ProgramName(options), " ", reached));
  }
  return exit_status;
}

}  // namespace

Function ExecutedProgram(ProgramOptions options) {
  return [options = std::move(options)](Process& process) { return Run(process, options); };
}

}  // namespace lab
