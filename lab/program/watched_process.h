// A process of a carried program, as this machine's kernel knows it.
//
// It is held by a pidfd, not by its number, which is another's once the process has ended and its parent has asked for
// its status: what is sent here reaches this process or nobody, and what /proc says of the number counts only while the
// pidfd says that it is still this one's.
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

  // `pid` as seen here: the word of the kernel, not of the program. Takes `pidfd`; -1: it has ended already.
  WatchedProcess(pid_t pid, int pidfd) : pid_(pid), pidfd_(pidfd) {}
  ~WatchedProcess();
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;

  pid_t pid() const { return pid_; }
  Progress progress() const;
  // Its process group, by the number that the program's kernel gives it; 0 where it is gone.
  pid_t group() const;
  // Whether all of its threads have ended, and its parent can know.
  bool ended() const;
  // The same, after waiting for it for at most so long.
  bool WaitForEnd(std::chrono::milliseconds limit) const;
  // Once it has ended: until all that follows has happened. Its parent has been told; where there is nobody to ask for
  // its status, because its parent didn't want to know or has ended before it (`orphaned`), nothing is left of it.
  void WaitUntilSettled(bool orphaned) const;
  void Send(int signal) const;

 private:
  // The number is another's, or nobody's.
  bool gone() const;

  const pid_t pid_;
  const int pidfd_;
};

}  // namespace lab
