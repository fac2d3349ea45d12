#include "lab/program/sandbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "lab/program/spawn.h"

namespace lab {
namespace {

using Words = std::vector<std::string>;

void Append(Words& line, std::initializer_list<std::string> words) { line.insert(line.end(), words); }

// The system's folders; on Debian those beside /usr are links into it.
void AppendSystem(Words& line) {
  Append(line, {"--ro-bind", "/usr", "/usr"});
  for (const char* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code error;
    if (std::filesystem::is_symlink(folder, error)) {
      Append(line, {"--symlink", std::filesystem::read_symlink(folder, error).string(), folder});
    } else if (std::filesystem::is_directory(folder, error)) {
      Append(line, {"--ro-bind", folder, folder});
    }
  }
  for (const char* path : {"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
                           "/etc/python3", "/etc/python3.11", "/etc/services", "/etc/protocols"}) {
    Append(line, {"--ro-bind-try", path, path});
  }
}

void AppendNames(Words& line, bool callers_hosts) {
  for (const char* name : {"passwd", "group", "nsswitch.conf", "hosts"}) {
    const std::string inside = absl::StrCat("/etc/", name);
    const bool callers = callers_hosts && std::string_view(name) == "hosts";
    const std::string source = callers ? inside : Runfile(absl::StrCat("lab/program/etc/", name));
    // Bazel's runfiles are links, and a link's target is what gets mounted.
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(source, error);
    if (!error) Append(line, {"--ro-bind", real.string(), inside});
  }
}

void AppendNamespaces(Words& line, const SandboxOptions& options) {
  Append(line, {"--unshare-ipc"});
  if (options.kind == SandboxOptions::Kind::kWorker) {
    // The worker is root in the namespaces that its helper made, over a /proc that a sandbox inside may mount again:
    // one that bubblewrap mounts has covered parts, and the kernel refuses a new one beneath it.
    Append(line, {"--bind", "/proc", "/proc", "--dev", "/dev", "--dev-bind-try", "/dev/net/tun", "/dev/net/tun"});
  } else {
    Append(line, {"--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-cgroup-try", "--uid", "1000",
                  "--gid", "1000", "--proc", "/proc", "--dev", "/dev"});
    // Where the lab runs as root, /proc would take the program's writes, and show it the machine's keys.
    for (const char* path : {"/proc/keys", "/proc/key-users"}) {
      if (access(path, F_OK) == 0) Append(line, {"--ro-bind", "/dev/null", path});
    }
    Append(line, {"--remount-ro", "/proc"});
    // bubblewrap's own file systems in memory have no limit: nothing may be written to them.
    Append(line, {"--size", absl::StrCat(options.tmp_bytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"});
    if (!options.callers_network) Append(line, {"--unshare-net"});
  }
  if (options.hostname.has_value()) Append(line, {"--unshare-uts", "--hostname", *options.hostname});
}

void AppendEnvironment(Words& line, const SandboxOptions& options) {
  Append(line, {"--clearenv"});
  Append(line, {"--setenv", "PATH", kSandboxPath});
  Append(line, {"--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp", "--setenv", "LANG", "C.UTF-8"});
  for (const auto& [name, value] : options.environment) Append(line, {"--setenv", name, value});
}

// The folders above those, which bubblewrap would make for its own user alone.
void AppendFolders(Words& line, const std::vector<SandboxOptions::Mount>& mounts) {
  std::set<std::string> folders = {"/etc"};
  for (const SandboxOptions::Mount& mount : mounts) {
    for (std::filesystem::path path = std::filesystem::path(mount.to).parent_path(); path.has_relative_path();
         path = path.parent_path()) {
      folders.insert(path);
    }
  }
  for (const std::string& folder : folders) Append(line, {"--dir", folder});
}

// Whether this process is in a worker's namespaces that have a user for programs (see namespaces.c).
bool HasProgramUser() {
  std::ifstream map("/proc/self/uid_map");
  for (unsigned inside, outside, count; map >> inside >> outside >> count;) {
    if (inside == 1000 && count == 1) return true;
  }
  return false;
}

void AppendLimits(Words& line, const Limits& limits) {
  const std::string cpu = absl::StrCat("--cpu=", limits.cpu_seconds, ":", limits.cpu_seconds + 1);
  Append(line, {"/usr/bin/prlimit", cpu, absl::StrCat("--as=", limits.memory_bytes),
                absl::StrCat("--fsize=", limits.file_bytes), absl::StrCat("--nofile=", limits.open_files),
                absl::StrCat("--nproc=", limits.processes), "--core=0"});
}

}  // namespace

std::vector<std::string> SandboxCommand(const SandboxOptions& options, const std::vector<std::string>& command) {
  // bubblewrap's own processes are in the sandbox too, and show their environment there.
  Words line = {"/usr/bin/env", "-i", absl::StrCat("PATH=", kSandboxPath)};
  if (options.kind == SandboxOptions::Kind::kWorker) {
    line.push_back(Runfile("lab/program/library/namespaces"));
  } else if (HasProgramUser()) {
    Append(line, {"/usr/bin/setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--"});
  }
  Append(line, {"/usr/bin/bwrap", "--die-with-parent", "--new-session"});
  if (options.kind == SandboxOptions::Kind::kWorker) AppendFolders(line, options.mounts);
  AppendSystem(line);
  AppendNames(line, options.callers_network);
  AppendNamespaces(line, options);
  Append(line, {"--size", absl::StrCat(options.tmp_bytes), "--tmpfs", "/tmp"});
  for (const SandboxOptions::Mount& mount : options.mounts) {
    Append(line, {mount.writable ? "--bind" : "--ro-bind", mount.from, mount.to});
  }
  if (options.kind != SandboxOptions::Kind::kWorker) Append(line, {"--remount-ro", "/"});
  AppendEnvironment(line, options);
  Append(line, {"--chdir", options.directory, "--"});
  if (options.limits.has_value()) AppendLimits(line, *options.limits);
  line.insert(line.end(), command.begin(), command.end());
  return line;
}

absl::Status SandboxAvailable() {
  if (access("/usr/bin/bwrap", X_OK) != 0) {
    return absl::FailedPreconditionError(
        "programs run in a sandbox, and bubblewrap is not installed: apt install bubblewrap");
  }
  if (Runfile("lab/program/library/namespaces").empty()) {
    return absl::FailedPreconditionError(
        "Duet's own files are missing: they stand beside the program that Bazel builds, in duet.runfiles. Run ./duet, or "
        "bazel-bin/lab/cli/duet where it was built");
  }
  SandboxOptions options;
  options.kind = SandboxOptions::Kind::kProgram;
  const absl::StatusOr<pid_t> child = Spawn(SandboxCommand(options, {"/usr/bin/true"}), {});
  if (child.ok() && WaitForExit(*child) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "programs run in a sandbox, and this machine does not let one be made: user namespaces have to be allowed "
      "(sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; in a container, a security "
      "profile may forbid them; in a chroot, ./duet has to be run by root)");
}

}  // namespace lab
