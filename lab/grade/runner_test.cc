#include "lab/grade/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "lab/grade/fake_world.h"

namespace lab::grade {
namespace {

using ::testing::ElementsAre;

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    scenario_.name = "one";
    scenario_.body = [](grade::Run& run) {
      const HostId host = run.world().AddHost({.name = "host"});
      const ProcessId program = run.StartSubmission("program", host, {});
      run.ExpectExit(program, std::chrono::seconds(1));
      const int status = run.world().outcome(program).exit_status;
      run.Expect("status", status == 0, "status 0", "status " + std::to_string(status));
    };
    parts_.world = [this](Choices, uint64_t seed) -> absl::StatusOr<std::unique_ptr<World>> {
      worlds_.push_back(seed);
      if (no_world_) return absl::UnavailableError("no namespaces here");
      return std::make_unique<FakeWorld>();
    };
    // The program's exit status is what the test wants of the run.
    parts_.submission = {{"program", [this](Process&) { return status_(worlds_.back()); }}};
  }

  ScenarioResult Simulate(uint64_t seed, uint32_t runs) {
    return GradeSimulated(exercise_, scenario_, parts_, seed, runs,
                          [this](uint32_t done, uint32_t) { progress_.push_back(done); });
  }
  ScenarioResult Real() {
    return GradeReal(exercise_, scenario_, parts_, 1, [this](uint32_t done, uint32_t) { progress_.push_back(done); });
  }

  Exercise exercise_{.name = "00-test"};
  Scenario scenario_;
  Parts parts_;
  bool no_world_ = false;
  std::function<int(uint64_t)> status_ = [](uint64_t) { return 0; };
  std::vector<uint64_t> worlds_;
  std::vector<uint32_t> progress_;
};

TEST_F(RunnerTest, EverySeedGetsAWorldOfItsOwn) {
  const ScenarioResult result = Simulate(5, 3);
  EXPECT_EQ(result.run.verdict, Verdict::kPassed);
  EXPECT_EQ(result.seed, 5u);
  EXPECT_EQ(result.runs, 3u);
  EXPECT_THAT(worlds_, ElementsAre(5, 6, 7));
  EXPECT_THAT(progress_, ElementsAre(1, 2, 3));
}

TEST_F(RunnerTest, TheFirstFailingSeedIsShownAndEndsIt) {
  status_ = [](uint64_t seed) { return seed == 6 ? 1 : 0; };
  const ScenarioResult result = Simulate(5, 9);
  EXPECT_EQ(result.run.verdict, Verdict::kFailed);
  EXPECT_EQ(result.seed, 6u);
  EXPECT_EQ(result.runs, 2u);
}

TEST_F(RunnerTest, AReplayOfTheTokenHasTheSameHash) {
  status_ = [](uint64_t) { return 1; };
  const ScenarioResult result = Simulate(5, 1);
  const Token token = TokenOf(exercise_, scenario_, result);
  EXPECT_EQ(TokenOf(exercise_, scenario_, Replay(exercise_, scenario_, parts_, token)), token);
  status_ = [](uint64_t) { return 2; };
  EXPECT_NE(TokenOf(exercise_, scenario_, Replay(exercise_, scenario_, parts_, token)).hash, token.hash);
}

TEST_F(RunnerTest, ARealRunThatPassesIsEnough) {
  EXPECT_EQ(Real().run.verdict, Verdict::kPassed);
  EXPECT_EQ(worlds_.size(), 1u);
}

TEST_F(RunnerTest, ThreeRealFailuresFail) {
  status_ = [](uint64_t) { return 1; };
  EXPECT_EQ(Real().run.verdict, Verdict::kFailed);
  EXPECT_EQ(worlds_.size(), 3u);
}

TEST_F(RunnerTest, RealRunsThatDisagreeAreAmbiguousAndShowTheFailure) {
  status_ = [this](uint64_t) { return worlds_.size() == 1 ? 1 : 0; };
  const ScenarioResult result = Real();
  EXPECT_EQ(result.run.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(result.run.remark, "it failed in 1 of 3 runs");
  EXPECT_EQ(result.run.checks[1].happened, "status 1");
}

TEST_F(RunnerTest, AWorldThatCanNotExistIsUnsupportedWithItsSentence) {
  no_world_ = true;
  const ScenarioResult result = Real();
  EXPECT_EQ(result.run.verdict, Verdict::kUnsupported);
  EXPECT_TRUE(result.world_unavailable);
  EXPECT_EQ(result.run.remark, "no namespaces here");
}

}  // namespace
}  // namespace lab::grade
