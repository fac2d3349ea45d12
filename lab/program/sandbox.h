// Command lines that run something apart from the rest of the machine, by the lab's own command for that
// (library/sandbox.c).
//
// Guarantees of every sandbox:
//  1. The system is read only: /usr, and of /etc what programs need; no home, no other folder of this machine but
//     the `mounts`.
//  2. Process, IPC and (unless said otherwise) network namespaces of its own. Nothing in it outlives the process that
//     was started with the command, nor that process its parent. (The parent is the thread that started it.)
//  3. The environment holds PATH, HOME, LANG, TMPDIR and what `environment` says, nothing else.
//  4. It works as root, as an ordinary user, and inside a kWorker sandbox. Needs user namespaces and Linux 5.12.
//  5. But in a kWorker sandbox, nothing in it has any power (capability), or can get one: it can't make namespaces, and
//     what it executes gives it nothing.
// Inherited descriptors stay open inside. A worker has to be given, as mounts, the files of the build that it uses
// (Runfile() follows Bazel's links).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lab/program/program.h"

namespace lab {

// PATH in every sandbox.
inline constexpr char kSandboxPath[] = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

struct SandboxOptions {
  enum class Kind {
    kBuild,    // a compiler over a submission; no network
    kWorker,   // the lab's own worker: no network, root in its namespaces, may make sandboxes and TUN devices
    kProgram,  // a submission's program: no further namespaces
  };
  struct Mount {
    std::string from;  // a file or folder of this machine
    std::string to;    // where it stands inside: an absolute path
    bool writable = false;
  };

  Kind kind = Kind::kBuild;
  std::vector<Mount> mounts;
  std::string directory = "/tmp";  // to start in, as seen inside
  // kProgram alone: stays in the caller's network and host name, and sees the caller's /etc/hosts.
  bool callers_network = false;
  // The host's name, in a namespace of its own; unchanged where there is none.
  std::optional<std::string> hostname;
  // In /tmp, and as much in /dev/shm; in each of them 20,000 files. Nothing else can be written to but `mounts`.
  uint64_t tmp_bytes = uint64_t{256} << 20;
  // Limits of the command's processes, not of the sandbox itself.
  std::optional<Limits> limits;
  // But in workers: which calls the command may make, and which descriptors it gets (library/confine.c).
  enum class Confinement {
    kNone,      // what holds without any filter holds there alone: for trying that
    kFiltered,  // no calls that reach beyond a process, or take memory that nothing counts; all descriptors
    kExecuted,  // kFiltered; the standard descriptors and `ledger`
    // kExecuted, with the channel's descriptors; no network calls, and no processes, but through the library
    kCarried,
  };
  Confinement confinement = Confinement::kFiltered;
  int ledger = -1;
  // The process that executes the command line as a child. It ends with that in any case; where this says which one it
  // is, also where that ends before the command has begun.
  std::optional<int> parent;
  std::vector<std::pair<std::string, std::string>> environment;
};

// `command` (an absolute path as seen inside, and its arguments) inside such a sandbox: a command line to execute.
// Its exit status is the command's, 128 + n where signal n ended that.
std::vector<std::string> SandboxCommand(const SandboxOptions& options, const std::vector<std::string>& command);

// SandboxAvailable() stands in program.h.

}  // namespace lab
