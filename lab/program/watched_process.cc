#include "lab/program/watched_process.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "lab/program/status_line.h"

namespace lab {

WatchedProcess::WatchedProcess(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {}

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
  return progress;
}

bool WatchedProcess::ended() const { return WaitForEnd(std::chrono::milliseconds(0)); }

bool WatchedProcess::WaitForEnd(std::chrono::milliseconds limit) const {
  if (pidfd_ < 0) return true;
  pollfd end = {pidfd_, POLLIN, 0};
  return poll(&end, 1, static_cast<int>(limit.count())) > 0;
}

void WatchedProcess::Send(int signal) const { syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0); }

}  // namespace lab
