#include "lab/service/build.h"

#include <unistd.h>

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lab/program/program.h"
#include "lab/program/runfiles.h"
#include "lab/program/sandbox.h"
#include "lab/service/command.h"
#include "lab/trace/printable.h"

namespace lab::service {
namespace {

using duet::internal::RoleSource;
using duet::v1::GradeEvent;

constexpr char kInclude[] = "/duet/include/";

struct Compiled {
  bool ok = false;
  std::string messages;
};

// The command inside a build sandbox that sees the submission's folder and may write to `.duet-built` in it.
absl::StatusOr<Compiled> Compile(const std::string& folder, const std::vector<std::string>& command,
                                 const std::function<bool()>& cancelled) {
  SandboxOptions sandbox;
  sandbox.kind = SandboxOptions::Kind::kBuild;
  sandbox.parent = getpid();
  sandbox.mounts = {{folder, "/submission", false},
                    {absl::StrCat(folder, "/", kOutputFolder), absl::StrCat("/submission/", kOutputFolder), true}};
  for (const char* header : {"lab/sockets/sockets.h", "lab/sockets/process.h", "lab/sockets/function.h"}) {
    sandbox.mounts.push_back({Runfile(header), absl::StrCat(kInclude, header), false});
  }
  sandbox.directory = "/submission";
  sandbox.environment = {{"PYTHONPYCACHEPREFIX", "/tmp"}};
  sandbox.limits = Limits{.cpu_seconds = 60, .memory_bytes = uint64_t{2} << 30};

  CommandOptions options;
  options.cancelled = cancelled;
  const auto result = RunCommand(SandboxCommand(sandbox, command), options);
  if (!result.ok()) return result.status();
  switch (result->end) {
    case CommandResult::End::kCancelled: return absl::CancelledError("cancelled");
    case CommandResult::End::kSilent: return Compiled{false, "the compiler did not finish within a minute\n"};
    case CommandResult::End::kTooLarge: return Compiled{false, "the compiler took more memory than it may\n"};
    case CommandResult::End::kExited: break;
  }
  // Compilers quote the source, whatever bytes it has.
  return Compiled{result->status == 0, Printable(result->error_output)};
}

std::vector<std::string> CompilerCommand(const Entry& entry, const std::string& output, bool in_process) {
  if (entry.kind == Entry::Kind::kPython) {
    // Isolated: a submission's token.py is not the module that py_compile imports.
    return {"/usr/bin/python3", "-I", "-X", "pycache_prefix=/tmp", "-m", "py_compile", entry.path};
  }
  const bool cpp = entry.kind == Entry::Kind::kCpp;
  std::vector<std::string> command = {cpp ? "/usr/bin/g++" : "/usr/bin/gcc", cpp ? "-std=gnu++20" : "-std=gnu17",
                                      "-O1", "-g", "-Wall"};
  if (in_process) {
    const std::string symbol = absl::StrCat("duet_function_", entry.role);
    command.insert(command.end(), {"-shared", "-fPIC", absl::StrCat("-I", kInclude), "-Wl,-z,defs",
                                   absl::StrCat("-Wl,--require-defined=", symbol)});
  }
  command.insert(command.end(), {"-o", output, entry.path, "-pthread", "-lm"});
  return command;
}

// What a worker runs for an entry that was built to `output`.
RoleSource SourceOf(const Entry& entry, const std::string& output, bool in_process) {
  RoleSource source;
  source.set_role(entry.role);
  if (in_process) {
    source.set_shared_object(absl::StrCat(kFolderInWorker, "/", output));
    return source;
  }
  auto* words = source.mutable_program()->mutable_words();
  if (entry.kind == Entry::Kind::kPython) *words->Add() = "/usr/bin/python3";
  const bool as_it_came = entry.kind == Entry::Kind::kPython || entry.kind == Entry::Kind::kExecutable;
  *words->Add() = absl::StrCat("/submission/", as_it_came ? entry.path : output);
  return source;
}

// Compiles what has to be; the compiler's messages where it failed.
absl::StatusOr<Compiled> BuildEntry(const std::string& folder, const Entry& entry, const std::string& output,
                                    bool in_process, const std::function<bool()>& cancelled) {
  std::string executable = absl::StrCat(folder, "/", output);
  Compiled compiled{.ok = true};
  if (entry.kind == Entry::Kind::kExecutable) {
    executable = absl::StrCat(folder, "/", entry.path);
  } else {
    auto result = Compile(folder, CompilerCommand(entry, output, in_process), cancelled);
    if (!result.ok() || !result->ok) return result;
    compiled = *std::move(result);
  }
  if (entry.kind == Entry::Kind::kPython) return compiled;
  chmod(executable.c_str(), 0755);  // a way of sending files may lose the mode, and a umask
  if (in_process) return compiled;
  if (const absl::Status carried = CheckExecutable(executable); !carried.ok()) {
    return absl::InvalidArgumentError(carried.message());
  }
  return compiled;
}

}  // namespace

absl::StatusOr<BuildResult> Build(const grade::Exercise& exercise, const duet::v1::Submission& submission,
                                  const std::function<bool()>& cancelled) {
  if (const absl::Status files = CheckFiles(submission); !files.ok()) return files;
  const auto entries = FindEntries(exercise, submission);
  if (!entries.ok()) return entries.status();
  if (const absl::Status sandbox = SandboxAvailable(); !sandbox.ok()) return sandbox;
  auto folder = TempFolder::Make();
  if (!folder.ok()) return folder.status();
  if (const absl::Status unpacked = Unpack(submission, folder->path()); !unpacked.ok()) return unpacked;
  if (mkdir(absl::StrCat(folder->path(), "/", kOutputFolder).c_str(), 0755) != 0 ||
      chmod(absl::StrCat(folder->path(), "/", kOutputFolder).c_str(), 0755) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make a folder in ", folder->path()));
  }

  Built built{.folder = *std::move(folder)};
  for (const Entry& entry : *entries) {
    const std::string output = absl::StrCat(kOutputFolder, "/", entry.role, submission.in_process() ? ".so" : "");
    const auto compiled = BuildEntry(built.folder.path(), entry, output, submission.in_process(), cancelled);
    if (!compiled.ok()) return compiled.status();
    if (!compiled->ok) {
      GradeEvent::BuildFailed failed;
      failed.set_entry(entry.path);
      failed.set_message(compiled->messages);
      return failed;
    }
    built.roles.push_back(SourceOf(entry, output, submission.in_process()));
    GradeEvent::Built event;
    event.set_entry(entry.path);
    event.set_warnings(compiled->messages);
    built.events.push_back(std::move(event));
  }
  return built;
}

}  // namespace lab::service
