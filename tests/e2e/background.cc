#include "tests/e2e/background.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/program/becomes_true.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

namespace fs = std::filesystem;

}  // namespace

BackgroundDuet::BackgroundDuet(const std::vector<std::string>& arguments,
                               const std::map<std::string, std::string>& environment) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  std::vector<std::string> words = {"/usr/bin/env"};
  for (const auto& [name, value] : environment) words.push_back(absl::StrCat(name, "=", value));
  words.push_back(Binary());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  EXPECT_EQ(posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  output_ = ends[0];
}

BackgroundDuet::~BackgroundDuet() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  close(output_);
}

std::string BackgroundDuet::ReadLine() {
  std::string line;
  char c;
  while (read(output_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void BackgroundDuet::Signal(int signal) { kill(pid_, signal); }

int BackgroundDuet::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

MarkedFolder::MarkedFolder()
    : name_(absl::StrCat("marked-", getpid(), "-",
                         testing::UnitTest::GetInstance()->current_test_info()->name())),
      path_(Folder(name_)) {}

int MarkedFolder::Processes() const {
  int count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    // One that ends meanwhile reads as empty.
    if (absl::StrContains(ReadFile(entry.path() / "mountinfo"), name_)) ++count;
  }
  return count;
}

bool MarkedFolder::WaitForProcesses() const {
  return BecomesTrue([this] { return Processes() > 0; });
}

bool MarkedFolder::WaitForNone() const {
  return BecomesTrue([this] { return Processes() == 0; });
}

bool MarkedFolder::Empty() const { return fs::is_empty(path_); }

}  // namespace lab::e2e
