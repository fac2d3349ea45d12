// The lecture's server in every way that a course knows, in three languages, unmodified: the same answers on both
// networks, and on the simulated one the same run.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

constexpr const char* kServers[] = {
    "asyncio_streams.py", "forks.py", "one_by_one.py", "selectors_loop.py", "socketserver_forks.py",
    "socketserver_threads.py", "threads.py", "worker_processes.py", "forks.c", "poll_loop.c", "threads.c", "threads.cc",
};

class ServersTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
    const std::filesystem::path source = GetParam();
    folder_ = Folder(absl::StrCat("servers-", GetParam()));
    for (const char* file : {GetParam(), "five_clients.py"}) {
      WriteFile(absl::StrCat(folder_, "/", file), ReadFile(Runfile(absl::StrCat("tests/programs/servers/", file))));
    }
    server_ = absl::StrCat("python3 ", GetParam());
    if (source.extension() == ".py") return;
    const char* const compiler = source.extension() == ".c" ? "gcc -std=gnu17" : "g++ -std=c++20";
    const std::string line =
        absl::StrCat(compiler, " -O1 -Wall -o ", folder_, "/server ", folder_, "/", GetParam(), " -pthread");
    ASSERT_EQ(std::system(line.c_str()), 0) << line;
    server_ = "./server";
  }

  Ran Run(const std::string& world, const std::string& loss) {
    return Duet({"run", "--directory", folder_, "--world", world, "--loss", loss, "--host", "server", server_, "--host",
                 "clients", "python3 five_clients.py server"});
  }

  static constexpr char kAnswers[] =
      "clients | hello client 0, hello client 1, hello client 2, hello client 3, hello client 4\n";
  std::string folder_;
  std::string server_;
};

TEST_P(ServersTest, FiveClientsAreServedTheSameInEveryRun) {
  const Ran first = Run("sim", "0%");
  EXPECT_EQ(first.status, 0) << first.error_output;
  EXPECT_EQ(first.output, kAnswers);
  const Ran second = Run("sim", "0%");
  EXPECT_EQ(first.error_output, second.error_output) << "with the run's hash";
}

TEST_P(ServersTest, FiveClientsAreServedThoughPacketsAreLost) {
  const Ran ran = Run("sim", "10%");
  EXPECT_EQ(ran.status, 0) << ran.error_output;
  EXPECT_EQ(ran.output, kAnswers);
}

TEST_P(ServersTest, FiveClientsAreServedOnTheKernel) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const Ran ran = Run("real", "0%");
  EXPECT_EQ(ran.status, 0) << ran.error_output;
  EXPECT_EQ(ran.output, kAnswers);
}

INSTANTIATE_TEST_SUITE_P(Servers, ServersTest, testing::ValuesIn(kServers), [](const auto& each) {
  std::string name = each.param;
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  return name;
});

}  // namespace
}  // namespace lab::e2e
