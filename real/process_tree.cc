#include "real/process_tree.h"

#include <dirent.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "real/file.h"

namespace real {
namespace {

std::vector<pid_t> ThreadsOf(pid_t process) {
  std::vector<pid_t> threads;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(absl::StrCat("/proc/", process, "/task").c_str()), closedir);
  if (folder == nullptr) return threads;
  while (const dirent* entry = readdir(folder.get())) {
    pid_t thread;
    if (absl::SimpleAtoi(entry->d_name, &thread)) threads.push_back(thread);
  }
  return threads;
}

// The letter that /proc gives for the thread's state; 'X' where it is gone.
char StateOf(pid_t process, pid_t thread) {
  const auto stat = ReadSmallFile(absl::StrCat("/proc/", process, "/task/", thread, "/stat"));
  // The name in parentheses may contain anything.
  const size_t after_name = stat.ok() ? stat->rfind(") ") : std::string::npos;
  return after_name == std::string::npos || after_name + 2 >= stat->size() ? 'X' : (*stat)[after_name + 2];
}

bool Stands(pid_t process) {
  const std::vector<pid_t> threads = ThreadsOf(process);
  return std::all_of(threads.begin(), threads.end(), [process](pid_t thread) {
    const char state = StateOf(process, thread);
    return state == 'T' || state == 't' || state == 'Z' || state == 'X';
  });
}

}  // namespace

std::vector<pid_t> DescendantsOf(pid_t ancestor) {
  std::vector<pid_t> found;
  std::vector<pid_t> to_ask = {ancestor};
  while (!to_ask.empty()) {
    const pid_t parent = to_ask.back();
    to_ask.pop_back();
    for (const pid_t thread : ThreadsOf(parent)) {
      std::istringstream children(
          ReadSmallFile(absl::StrCat("/proc/", parent, "/task/", thread, "/children")).value_or(""));
      for (pid_t child; children >> child;) {
        found.push_back(child);
        to_ask.push_back(child);
      }
    }
  }
  return found;
}

void StopDescendants(pid_t ancestor) {
  // A thread in the middle of vfork stands only when its child has gone on: not waited for longer than this.
  constexpr int kMostWaits = 20'000;
  std::set<pid_t> stopped;
  int waits = 0;
  for (bool again = true; again;) {
    again = false;
    // What stands starts nothing: a round without a new process was the last.
    for (const pid_t process : DescendantsOf(ancestor)) {
      if (!stopped.insert(process).second) continue;
      again = true;
      kill(process, SIGSTOP);
      while (!Stands(process) && ++waits < kMostWaits) {
        const timespec pause{0, 100'000};
        nanosleep(&pause, nullptr);
      }
    }
  }
}

void ContinueDescendants(pid_t ancestor) {
  for (const pid_t process : DescendantsOf(ancestor)) kill(process, SIGCONT);
}

}  // namespace real
