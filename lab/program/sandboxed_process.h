// A program in its sandbox, as a process of this machine: started, watched, and always ended.
//
// Which of the machine's processes are the program's is the kernel's word: each says a byte over a socket, which comes
// with its sender's number and, from Linux 6.5 on, with a pidfd of it (SCM_PIDFD). An older kernel gives the number
// alone; the pidfd is opened by it then, and counts only where the process is seen below the sandbox's own, and lives
// on after that.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/program/watched_process.h"

namespace lab {

class SandboxedProcess {
 public:
  // Executes a SandboxCommand of a carried program, with `channel_fd` as the program's channel. It must be destroyed
  // by the thread that started it.
  static absl::StatusOr<std::unique_ptr<SandboxedProcess>> Start(const std::vector<std::string>& line, int channel_fd);

  // Ends everything in the sandbox, and waits until it has ended.
  ~SandboxedProcess();
  SandboxedProcess(const SandboxedProcess&) = delete;
  SandboxedProcess& operator=(const SandboxedProcess&) = delete;

  // Its exit status (128 + n where signal n ended the program) once it has ended. Never waits.
  std::optional<int> ExitStatus();

  // Whether the sandbox stands: the process that becomes the program has spoken.
  bool launched();
  // Why the program could not be executed, once it has ended: an errno, or 0.
  int exec_error();
  // What was written to standard error before the library took it over, cut to a line or two.
  std::string Complaint();

  // The program's process; null where it is not launched().
  std::unique_ptr<WatchedProcess> Program();
  // A process in the sandbox that has said hello and isn't known yet, or null.
  std::unique_ptr<WatchedProcess> NewProcess(const std::function<bool(pid_t)>& known);

 private:
  // Who has said something: as seen here, and a pidfd of it. Its number is 0 where nobody has.
  struct Sender {
    pid_t pid = 0;
    int pidfd = -1;
  };

  SandboxedProcess(pid_t sandbox, int hello, int complaints)
      : sandbox_(sandbox), hello_(hello), complaints_(complaints) {}
  Sender ReadByte();
  Sender Open(pid_t pid) const;
  bool IsBelow(pid_t pid) const;
  void ReadHello();

  pid_t sandbox_;
  int hello_;
  int complaints_;
  std::optional<int> status_;
  Sender program_;       // not yet known: nobody
  int init_pidfd_ = -1;  // of its namespace's first process, with which all in it end
};

}  // namespace lab
