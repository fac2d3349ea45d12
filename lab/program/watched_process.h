// A process of a carried program, as this machine's kernel knows it.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace lab {

class WatchedProcess {
 public:
  // How far it has come, in its kernel's words.
  struct Progress {
    bool gone = false;
    bool asleep = false;  // all of its threads
    double cpu_seconds = 0;
    long system_call = -1;  // that it is in; -1: none, or not to be seen
  };

  // `pid` as seen here: the word of the kernel, not of the program.
  explicit WatchedProcess(pid_t pid);
  ~WatchedProcess();
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;

  pid_t pid() const { return pid_; }
  Progress progress() const;
  // Whether all of its threads have ended, and its parent can know.
  bool ended() const;
  // The same, after waiting for it for at most so long.
  bool WaitForEnd(std::chrono::milliseconds limit) const;
  void Send(int signal) const;

 private:
  const pid_t pid_;
  const int pidfd_;
};

}  // namespace lab
