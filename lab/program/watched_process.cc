#include "lab/program/watched_process.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "lab/program/status_line.h"

namespace lab {

WatchedProcess::~WatchedProcess() {
  if (pidfd_ >= 0) close(pidfd_);
}

namespace {

// A program may have stopped itself.
bool Asleep(char state) { return state == 'S' || state == 'T' || state == 'Z' || state == 'X'; }

bool AllAsleep(const std::string& folder) {
  DIR* const tasks = opendir(folder.c_str());
  if (tasks == nullptr) return false;
  bool all = true;
  while (const dirent* const task = readdir(tasks)) {
    if (!std::isdigit(static_cast<unsigned char>(task->d_name[0]))) continue;
    const std::string line = StatusLine(absl::StrCat(folder, "/", task->d_name));
    all = all && (line.size() <= 2 || Asleep(line[2]));
  }
  closedir(tasks);
  return all;
}

}  // namespace

// One that has ended and was not asked for its status yet takes signals, without effect.
bool WatchedProcess::gone() const {
  return pidfd_ < 0 || (syscall(SYS_pidfd_send_signal, pidfd_, 0, nullptr, 0) != 0 && errno == ESRCH);
}

WatchedProcess::Progress WatchedProcess::progress() const {
  Progress progress;
  const std::string folder = absl::StrCat("/proc/", pid_);
  unsigned long user = 0;
  unsigned long system = 0;
  if (sscanf(StatusLine(folder).c_str(), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) !=
      2) {
    progress.gone = true;
    return progress;
  }
  progress.asleep = AllAsleep(absl::StrCat(folder, "/task"));
  progress.cpu_seconds = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  if (FILE* call = fopen(absl::StrCat(folder, "/syscall").c_str(), "re"); call != nullptr) {
    if (fscanf(call, "%ld", &progress.system_call) != 1) progress.system_call = -1;
    fclose(call);
  }
  // Asked last: until now the number was this process's.
  progress.gone = gone();
  return progress;
}

pid_t WatchedProcess::group() const {
  FILE* const status = fopen(absl::StrCat("/proc/", pid_, "/status").c_str(), "re");
  if (status == nullptr) return 0;
  // In each of the process namespaces that it is in, the innermost last: "NSpgid:\t1234\t7".
  constexpr char kGroups[] = "NSpgid:";
  char line[256];
  pid_t group = 0;
  while (fgets(line, sizeof(line), status) != nullptr) {
    if (std::strncmp(line, kGroups, sizeof(kGroups) - 1) != 0) continue;
    if (const char* const last = std::strrchr(line, '\t'); last != nullptr) group = std::atoi(last);
  }
  fclose(status);
  return gone() ? 0 : group;
}

bool WatchedProcess::ended() const { return WaitForEnd(std::chrono::milliseconds(0)); }

bool WatchedProcess::WaitForEnd(std::chrono::milliseconds limit) const {
  if (pidfd_ < 0) return true;
  pollfd end = {pidfd_, POLLIN, 0};
  return poll(&end, 1, static_cast<int>(limit.count())) > 0;
}

void WatchedProcess::WaitUntilSettled(bool orphaned) const {
  // Whoever waits at a pidfd is told before the parent is, by a kernel that holds meanwhile the lock that this takes.
  getpriority(PRIO_PGRP, 0);
  const std::string folder = absl::StrCat("/proc/", pid_);
  constexpr int kMostNaps = 10'000;
  for (int i = 0; i < kMostNaps; ++i) {
    const std::string line = StatusLine(folder);
    if (gone() || (!orphaned && line.size() > 2 && line[2] == 'Z')) return;
    const timespec nap = {0, 100'000};
    nanosleep(&nap, nullptr);
  }
}

void WatchedProcess::Send(int signal) const { syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0); }

}  // namespace lab
