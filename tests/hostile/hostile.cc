#include "tests/hostile/hostile.h"

#include <google/protobuf/util/json_util.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::hostile {
namespace {

// How long the kernel may take to end what has been killed, on a busy machine.
constexpr std::chrono::seconds kMostEnding{20};

// Whether every process below this one is gone. As a subreaper it becomes the parent of those that lose theirs.
bool AllEnded() {
  const auto deadline = std::chrono::steady_clock::now() + kMostEnding;
  while (true) {
    const pid_t ended = waitpid(-1, nullptr, WNOHANG | __WALL);
    if (ended < 0 && errno == ECHILD) return true;
    if (ended > 0) continue;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path());
  return names;
}

}  // namespace

std::string Attack(const std::string& name) { return e2e::ReadFile(Runfile("tests/hostile/attacks/" + name)); }

std::map<std::string, std::string> AttackingServer(const std::string& name) {
  return {{"server.c", Attack(name)}, {"serve.h", Attack("serve.h")}};
}

std::map<std::string, std::string> HonestServer() {
  return {{"server.c", e2e::ReadFile(e2e::ExerciseFile("02-server/solution/c/server.c"))}};
}

std::string Graded::Said() const {
  std::string said;
  for (const auto& scenario : report.scenarios()) said += scenario.error_output();
  return said;
}

bool Graded::Has(duet::v1::Verdict verdict) const {
  for (const auto& scenario : report.scenarios()) {
    if (scenario.verdict() == verdict) return true;
  }
  return false;
}

void HostileTest::SetUp() {
  if (const std::string why = e2e::WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  folder_ = e2e::Folder(name);
  temporary_ = e2e::Folder(name + "-tmp");
}

void HostileTest::TearDown() {
  if (temporary_.empty()) return;
  EXPECT_TRUE(AllEnded()) << "a process is left";
  EXPECT_EQ(NamesIn(temporary_), std::vector<std::string>{});
}

Graded HostileTest::Grade(const std::map<std::string, std::string>& files, const std::string& world,
                          const std::vector<std::string>& more) {
  const std::string submission = absl::StrCat(folder_, "/", ++submissions_);
  for (const auto& [name, content] : files) {
    const std::string path = submission + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    e2e::WriteFile(path, content);
  }
  return GradePath(submission, world, more);
}

Graded HostileTest::GradePath(const std::string& path, const std::string& world,
                              const std::vector<std::string>& more) {
  const std::string json = absl::StrCat(folder_, "/report-", submissions_, ".json");
  std::vector<std::string> arguments = {"grade", "02-server", path, "--world", world, "--json", json};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const e2e::Ran ran = e2e::Duet(arguments, {{"TMPDIR", temporary_}, {"SECRET", "of whoever grades"}});
  Graded graded{.status = ran.status, .output = ran.output, .error_output = ran.error_output, .report = {}};
  if (e2e::Exists(json)) {
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(e2e::ReadFile(json), &graded.report).ok());
  }
  return graded;
}

std::string HostileTest::WhyNoRealWorld() { return e2e::WhyNoRealWorld(); }

}  // namespace lab::hostile
