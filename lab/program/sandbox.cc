#include "lab/program/sandbox.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "lab/program/spawn.h"

namespace lab {
namespace {

using Words = std::vector<std::string>;

// Looked up once: it stays where it is.
const std::string& OwnCommand() {
  static const std::string command = Runfile("lab/program/library/sandbox");
  return command;
}

void Append(Words& line, std::initializer_list<std::string> words) { line.insert(line.end(), words); }

const char* WordFor(const SandboxOptions& options) {
  if (options.kind == SandboxOptions::Kind::kWorker) return "worker";
  switch (options.confinement) {
    case SandboxOptions::Confinement::kNone: return "plain";
    case SandboxOptions::Confinement::kFiltered: return "filtered";
    case SandboxOptions::Confinement::kExecuted: return "executed";
    case SandboxOptions::Confinement::kCarried: return "carried";
  }
  return "";
}

void AppendName(Words& line, const std::string& source, const std::string& inside) {
  if (access(source.c_str(), F_OK) == 0) Append(line, {"mount", source, inside});
}

// Files of the lab's own, in place of the machine's.
Words OwnNames() {
  Words line;
  for (const char* name : {"passwd", "group", "nsswitch.conf"}) {
    AppendName(line, Runfile(absl::StrCat("lab/program/etc/", name)), absl::StrCat("/etc/", name));
  }
  return line;
}

void AppendNames(Words& line, bool callers_hosts) {
  static const Words names = OwnNames();
  static const std::string hosts = Runfile("lab/program/etc/hosts");
  line.insert(line.end(), names.begin(), names.end());
  AppendName(line, callers_hosts ? "/etc/hosts" : hosts, "/etc/hosts");
}

void AppendEnvironment(Words& line, const SandboxOptions& options) {
  Append(line, {"set", absl::StrCat("PATH=", kSandboxPath), "set", "HOME=/tmp", "set", "TMPDIR=/tmp"});
  Append(line, {"set", "LANG=C.UTF-8", "set", absl::StrCat("PWD=", options.directory)});
  for (const auto& [name, value] : options.environment) Append(line, {"set", absl::StrCat(name, "=", value)});
}

void AppendLimits(Words& line, const Limits& limits) {
  Append(line, {"limits", absl::StrCat(limits.cpu_seconds), absl::StrCat(limits.memory_bytes),
                absl::StrCat(limits.file_bytes), absl::StrCat(limits.open_files), absl::StrCat(limits.processes)});
}

}  // namespace

std::vector<std::string> SandboxCommand(const SandboxOptions& options, const std::vector<std::string>& command) {
  Words line = {OwnCommand(), WordFor(options), "tmp", absl::StrCat(options.tmp_bytes)};
  AppendNames(line, options.callers_network);
  for (const SandboxOptions::Mount& mount : options.mounts) {
    Append(line, {mount.writable ? "writable" : "mount", mount.from, mount.to});
  }
  Append(line, {"directory", options.directory});
  if (options.callers_network) line.push_back("network");
  if (options.hostname.has_value()) Append(line, {"hostname", *options.hostname});
  if (options.ledger >= 0) Append(line, {"ledger", absl::StrCat(options.ledger)});
  if (options.parent.has_value()) Append(line, {"parent", absl::StrCat(*options.parent)});
  if (options.limits.has_value()) AppendLimits(line, *options.limits);
  AppendEnvironment(line, options);
  line.push_back("command");
  line.insert(line.end(), command.begin(), command.end());
  return line;
}

absl::Status SandboxAvailable() {
  if (OwnCommand().empty()) {
    return absl::FailedPreconditionError(
        "Duet's own files are missing: they stand beside the program that Bazel builds, in duet.runfiles. Run ./duet, "
        "or bazel-bin/lab/cli/duet where it was built");
  }
  SandboxOptions options;
  options.kind = SandboxOptions::Kind::kProgram;
  const absl::StatusOr<pid_t> child = Spawn(SandboxCommand(options, {"/usr/bin/true"}), {});
  if (child.ok() && WaitForExit(*child) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "programs run in a sandbox, and this machine does not let one be made: it needs Linux 5.12, and user "
      "namespaces have to be allowed (sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; "
      "with AppArmor kernel.apparmor_restrict_unprivileged_userns=0; in a container, a security profile may forbid "
      "them; in a chroot, ./duet has to be run by root)");
}

}  // namespace lab
