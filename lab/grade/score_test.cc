#include "lab/grade/score.h"

#include <gtest/gtest.h>

namespace lab::grade {
namespace {

constexpr WorldKind kSim = WorldKind::kSim;
constexpr WorldKind kReal = WorldKind::kReal;

class ScoreTest : public ::testing::Test {
 protected:
  Scenario one_{.name = "one", .points = 2};
  Scenario two_{.name = "two", .points = 3, .after = {"one"}};
};

TEST_F(ScoreTest, AScenarioCountsOnceWhereItPassedInBothWorlds) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&one_, kReal, Verdict::kPassed}}), 2);
}

TEST_F(ScoreTest, AFailureInEitherWorldLosesThePoints) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&one_, kReal, Verdict::kFailed}}), 0);
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kFailed}, {&one_, kReal, Verdict::kPassed}}), 0);
}

TEST_F(ScoreTest, DisagreementCostsNothing) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&one_, kReal, Verdict::kAmbiguous}}), 2);
}

TEST_F(ScoreTest, BeingUnsupportedEarnsNothing) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kUnsupported}, {&one_, kReal, Verdict::kPassed}}), 0);
}

TEST_F(ScoreTest, AWorldThatTheMachineLacksCountsForNobodyAndAgainstNobody) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&one_, kReal, Verdict::kUnsupported, true}}), 2);
  EXPECT_EQ(Score({{&one_, kReal, Verdict::kUnsupported, true}}), 0);
}

TEST_F(ScoreTest, ScenariosAddUp) {
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&two_, kSim, Verdict::kPassed}}), 5);
  EXPECT_EQ(Score({{&one_, kSim, Verdict::kPassed}, {&two_, kSim, Verdict::kSkipped}}), 2);
}

TEST_F(ScoreTest, AScenarioIsSkippedOnlyAfterAFailureInTheSameWorld) {
  EXPECT_TRUE(SkipReason(two_, kSim, {{&one_, kSim, Verdict::kFailed}}).has_value());
  EXPECT_FALSE(SkipReason(two_, kReal, {{&one_, kSim, Verdict::kFailed}}).has_value());
  EXPECT_FALSE(SkipReason(two_, kSim, {{&one_, kSim, Verdict::kAmbiguous}}).has_value());
  EXPECT_FALSE(SkipReason(one_, kSim, {{&two_, kSim, Verdict::kFailed}}).has_value());
}

TEST_F(ScoreTest, NothingIsSkippedForAWorldThatTheMachineLacks) {
  EXPECT_FALSE(SkipReason(two_, kReal, {{&one_, kReal, Verdict::kUnsupported, true}}).has_value());
  EXPECT_TRUE(SkipReason(two_, kReal, {{&one_, kReal, Verdict::kUnsupported, false}}).has_value());
}

}  // namespace
}  // namespace lab::grade
