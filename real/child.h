// A process on a host, with all that it may start, as the world that owns it sees it.
//
// It runs in a process namespace of its own, below a keeper that is the namespace's first process: when the keeper
// ends, because its process has or because the world (or this whole worker) is gone, the kernel ends everything in it.
// Nothing there can signal, trace or outlive the worker.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/sockets/unique_fd.h"
#include "real/host.h"
#include "real/names.h"

namespace real {

using lab::UniqueFd;

class Child {
 public:
  // What runs in the new process; gives its exit status. 0, 1 and 2 are the pipes below; besides them only `reports`
  // (closed on exec) and `ledger` (inherited by what is executed) are open, at high numbers.
  using Body = std::function<int(int reports, int ledger)>;

  // The worker's ends of the process's pipes, nonblocking.
  struct Pipes {
    UniqueFd input;
    UniqueFd output;
    UniqueFd error_output;
    UniqueFd reports;
  };

  // Returns once the process runs.
  static absl::StatusOr<std::unique_ptr<Child>> Start(const Host& host, const Names& names, int ledger,
                                                      const Body& body);
  // Kills.
  ~Child();

  Pipes& pipes() { return pipes_; }
  // Readable once everything has ended.
  int ended_fd() const { return keeper_fd_.get(); }

  // Stops every process and thread, and returns when they stand; lets them go on.
  void Pause() const;
  void Resume() const;

  // Ends everything, and returns when it has: its sockets are closed then.
  void Kill();

  // Waits until everything has ended; 0 to 255, or 128 + n for signal n.
  int Wait();

 private:
  Child(pid_t keeper, UniqueFd keeper_fd, Pipes pipes)
      : keeper_(keeper), keeper_fd_(std::move(keeper_fd)), pipes_(std::move(pipes)) {}

  pid_t keeper_;
  UniqueFd keeper_fd_;
  Pipes pipes_;
  int exit_status_ = -1;  // once it was waited for
};

}  // namespace real
