#include "lab/program/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lab {
namespace {

class FileActions {
 public:
  explicit FileActions(const std::vector<GivenDescriptor>& given) {
    posix_spawn_file_actions_init(&actions_);
    for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
    int last = 2;
    for (const auto& [ours, theirs] : given) {
      posix_spawn_file_actions_adddup2(&actions_, ours, theirs);
      last = std::max(last, theirs);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, last + 1);
  }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// No signal is blocked, and SIGPIPE, which the lab ignores, ends it as it ends any program.
class Attributes {
 public:
  Attributes() {
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace

std::vector<char*> ArgumentVector(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command, const std::vector<GivenDescriptor>& given) {
  const std::vector<char*> words = ArgumentVector(command);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, words[0], FileActions(given).get(), Attributes().get(), words.data(), environ);
  if (error != 0) return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", command[0]));
  return pid;
}

int ExitStatusOf(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int WaitForExit(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return ExitStatusOf(status);
}

}  // namespace lab
