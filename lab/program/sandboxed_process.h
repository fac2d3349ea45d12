// A program in its sandbox, as a process of this machine: started, watched, and always ended.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lab {

class SandboxedProcess {
 public:
  // Executes a SandboxCommand around the launcher, with `channel_fd` as the program's channel. It must be destroyed
  // by the thread that started it.
  static absl::StatusOr<std::unique_ptr<SandboxedProcess>> Start(const std::vector<std::string>& line, int channel_fd);

  // Ends everything in the sandbox, and waits until it has ended.
  ~SandboxedProcess();
  SandboxedProcess(const SandboxedProcess&) = delete;
  SandboxedProcess& operator=(const SandboxedProcess&) = delete;

  // Its exit status (128 + n where signal n ended the program) once it has ended. Never waits.
  std::optional<int> ExitStatus();

  // Whether the sandbox stands: the launcher inside has spoken.
  bool launched();
  // Why the launcher could not execute the program, once it has ended: an errno, or 0.
  int exec_error();
  // What was written to standard error before the library took it over, cut to a line or two.
  std::string Complaint();

  // The program's process as seen here; 0 where it is not launched().
  pid_t program() const { return program_; }
  // A process in the sandbox that has said hello and isn't known yet, or 0. It is the kernel that says which.
  pid_t NewProcess(const std::function<bool(pid_t)>& known);

 private:
  SandboxedProcess(pid_t sandbox, int hello, int complaints)
      : sandbox_(sandbox), hello_(hello), complaints_(complaints) {}
  pid_t ReadByte();
  void ReadHello();

  pid_t sandbox_;
  int hello_;
  int complaints_;
  std::optional<int> status_;
  pid_t program_ = 0;       // as seen here; 0: not yet known
  int program_pidfd_ = -1;  // -1: not yet known
  int init_pidfd_ = -1;     // of its namespace's first process, with which all in it end
};

}  // namespace lab
