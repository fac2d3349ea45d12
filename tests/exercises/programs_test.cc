// An exercise proves itself: its solutions earn every point, its starters build and earn none, and each of its mutants
// fails the checks that name its mistake, and no others. The environment says which EXERCISE, and in which WORLD.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/e2e/duet.h"
#include "tests/exercises/submissions.h"

namespace lab::exercises {
namespace {

std::string Exercise() { return std::getenv("EXERCISE"); }
std::string World() { return std::getenv("WORLD"); }

// gtest's names are made of letters and digits.
std::string TestName(std::string name) {
  for (char& letter : name) {
    if (letter == '-') letter = '_';
  }
  return name;
}

class ProgramsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = World() == "real" ? e2e::WhyNoRealWorld() : e2e::WhyNoPrograms();
    if (!why.empty()) GTEST_SKIP() << why;
  }

  // Several schedules where they can be chosen.
  int runs() const { return World() == "sim" ? 3 : 1; }
};

class LanguageTest : public ProgramsTest, public testing::WithParamInterface<std::string> {};

TEST_P(LanguageTest, TheSolutionEarnsEveryPoint) {
  const auto report = Grade(Exercise(), e2e::ExerciseFile(Exercise() + "/solution/" + GetParam()), World(), runs());
  EXPECT_GT(report.max_score(), 0);
  EXPECT_EQ(report.score(), report.max_score()) << report.DebugString();
}

TEST_P(LanguageTest, TheStarterBuildsAndEarnsNothingThatItsWorkIsFor) {
  const auto report = Grade(Exercise(), e2e::ExerciseFile(Exercise() + "/starter/" + GetParam()), World(), 1);
  ASSERT_GT(report.scenarios_size(), 0);
  EXPECT_EQ(report.scenarios(0).verdict(), duet::v1::FAILED) << report.DebugString();
  for (const auto& scenario : report.scenarios()) {
    EXPECT_NE(scenario.verdict(), duet::v1::LAB_ERROR) << scenario.DebugString();
    EXPECT_NE(scenario.verdict(), duet::v1::UNSUPPORTED) << scenario.DebugString();
  }
}

INSTANTIATE_TEST_SUITE_P(Languages, LanguageTest, testing::Values("c", "cpp", "python"),
                         [](const auto& info) { return info.param; });

class MutantTest : public ProgramsTest, public testing::WithParamInterface<Mutant> {};

bool ShowsOnlyByWaiting(const Mutant& mutant) {
  static const std::set<std::string> waiting = {
      "ends", "greeting", "closes", "serves the next", "both directions", "ends its direction", "answers at once"};
  for (const std::string& fails : mutant.fails) {
    if (waiting.count(fails.substr(fails.find(": ") + 2)) != 0) return true;
  }
  return false;
}

// Those to try in this world. In the real one a failure is tried three times, and a mistake that shows itself by
// nothing happening takes the scenario's whole patience each time: the simulated world alone has to do for these.
std::vector<Mutant> MutantsToTry() {
  std::vector<Mutant> mutants = MutantsOf(Exercise());
  if (World() == "real") std::erase_if(mutants, ShowsOnlyByWaiting);
  return mutants;
}

TEST_P(MutantTest, FailsTheChecksThatNameItsMistakeAndNoOthers) {
  const auto report = Grade(Exercise(), SubmissionOf(Exercise(), GetParam()), World(), 1);
  EXPECT_EQ(FailedChecks(report), GetParam().fails) << GetParam().wrong << "\n" << report.DebugString();
  EXPECT_LT(report.score(), report.max_score());
}

INSTANTIATE_TEST_SUITE_P(Mutants, MutantTest, testing::ValuesIn(MutantsToTry()),
                         [](const auto& info) { return TestName(info.param.name); });

TEST(MutantsFileTest, DescribesSixMutantsAtLeast) {
  const std::vector<Mutant> mutants = MutantsOf(Exercise());
  EXPECT_GE(mutants.size(), 6u);
  for (const Mutant& mutant : mutants) {
    EXPECT_FALSE(mutant.wrong.empty()) << mutant.name;
    EXPECT_FALSE(mutant.fails.empty()) << mutant.name;
  }
}

}  // namespace
}  // namespace lab::exercises
