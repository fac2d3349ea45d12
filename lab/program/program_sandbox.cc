#include "lab/program/program_sandbox.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "lab/program/channel.h"
#include "lab/program/runfiles.h"
#include "lab/program/sandbox.h"

namespace lab {
namespace {

constexpr char kLibrary[] = "/duet/libduet.so";

// Where the build has them; looked up once.
const std::string& Library(bool carried) {
  static const std::string carry = Runfile("lab/program/library/libduet_carry.so");
  static const std::string ledger = Runfile("lab/program/library/libduet_ledger.so");
  return carried ? carry : ledger;
}

}  // namespace

std::string ProgramName(const ProgramOptions& options) {
  return options.command.empty() ? "the program" : std::filesystem::path(options.command.back()).filename().string();
}

std::string UsedTooMuchCpu(const Limits& limits) {
  return absl::StrCat("used more than ", limits.cpu_seconds, " s of CPU time");
}

std::string LimitReached(const Limits& limits, int exit_status) {
  if (exit_status == 128 + SIGXCPU) return UsedTooMuchCpu(limits);
  if (exit_status == 128 + SIGXFSZ) return absl::StrCat("wrote a file of more than ", limits.file_bytes >> 20, " MiB");
  return "";
}

absl::StatusOr<std::vector<std::string>> ProgramCommand(const ProgramOptions& options,
                                                        const std::vector<std::string>& arguments,
                                                        const ProgramSandbox& sandbox) {
  const std::string& library = Library(sandbox.carried);
  if (library.empty()) return absl::InternalError("a program's library is missing from this build of Duet");

  SandboxOptions box;
  box.kind = SandboxOptions::Kind::kProgram;
  box.mounts = {{options.folder, "/submission"}, {library, kLibrary}};
  for (const auto& [from, to] : options.files) box.mounts.push_back({from, to});
  box.directory = "/submission";
  box.callers_network = !sandbox.carried;
  // Not this machine's. A carried program is told its world's name for the host.
  if (sandbox.carried) box.hostname = "host";
  box.tmp_bytes = options.limits.file_bytes;
  box.environment = {{"PYTHONHASHSEED", "0"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
  if (options.writes_lines) {
    box.environment.emplace_back("DUET_LINES", "1");
    box.environment.emplace_back("PYTHONUNBUFFERED", "1");
  }
  if (!sandbox.carried) {
    for (const char* name : {"DUET_LEDGER", "DUET_SHORT_TRANSFERS"}) {
      if (const char* value = std::getenv(name); value != nullptr) box.environment.emplace_back(name, value);
    }
  }

  box.environment.emplace_back("LD_PRELOAD", kLibrary);
  box.limits = options.limits;
  box.limits->open_files = std::min<int>(options.limits.open_files, DUET_CHANNEL_FD);
  box.confinement = sandbox.carried ? SandboxOptions::Confinement::kCarried : SandboxOptions::Confinement::kExecuted;
  box.ledger = sandbox.ledger;
  std::vector<std::string> command;
  command.insert(command.end(), options.command.begin(), options.command.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return SandboxCommand(box, command);
}

}  // namespace lab
