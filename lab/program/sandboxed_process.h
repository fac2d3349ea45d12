// A program in its sandbox, as a process of this machine: started, watched, and always ended.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lab {

class SandboxedProcess {
 public:
  // How far the program has come, in its kernel's words.
  struct Progress {
    bool asleep = false;
    double cpu_seconds = 0;
    long system_call = -1;  // that it is in; -1: none, or not to be seen
  };

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
  // Why the launcher could not execute the program: an errno, or 0.
  int exec_error();
  // What was written to standard error before the library took it over, cut to a line or two.
  std::string Complaint();

  // Only once launched(); nothing where the program is gone.
  std::optional<Progress> progress();

 private:
  SandboxedProcess(pid_t sandbox, int hello, int complaints)
      : sandbox_(sandbox), hello_(hello), complaints_(complaints) {}
  void ReadHello();

  pid_t sandbox_;
  int hello_;
  int complaints_;
  std::optional<int> status_;
  pid_t program_ = 0;       // as seen here; 0: not yet known
  int program_pidfd_ = -1;  // -1: not yet known
  int init_pidfd_ = -1;     // of its namespace's first process, with which all in it end
  int exec_error_ = 0;
};

}  // namespace lab
