// Every exercise's reference functions pass its scenarios in both worlds, in the simulated one on many schedules, and
// twice the same.
#include <memory>

#include <gtest/gtest.h>

#include "exercises/all.h"
#include "lab/grade/runner.h"
#include "real/namespaces.h"
#include "real/real_world.h"
#include "sim/host/sim_world.h"

namespace lab::exercises {
namespace {

constexpr uint64_t kSeeds = 10;

struct Case {
  const grade::Exercise* exercise;
  const grade::Scenario* scenario;
};

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const grade::Exercise& exercise : All()) {
    for (const grade::Scenario& scenario : exercise.scenarios) cases.push_back({&exercise, &scenario});
  }
  return cases;
}

// "_01_client_full_queue"
std::string TestName(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.exercise->name + "_" + info.param.scenario->name;
  for (char& letter : name) {
    if (letter == '-') letter = '_';
  }
  return name;
}

std::string Explain(const grade::RunResult& run) {
  std::string all = run.remark;
  for (const grade::Check& check : run.checks) {
    if (!check.passed) all += check.name + ": " + check.happened + "\n";
  }
  return all + run.error_output;
}

class ReferenceTest : public testing::TestWithParam<Case> {
 protected:
  grade::RunResult RunIn(World& world) {
    const grade::Submission& reference = GetParam().exercise->reference;
    return grade::RunOnce(*GetParam().scenario, world, reference, reference);
  }
};

TEST_P(ReferenceTest, PassesOnEverySimulatedScheduleAndTwiceTheSame) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    sim::SimWorld world(Choices::Seeded(seed), seed);
    const grade::RunResult run = RunIn(world);
    ASSERT_EQ(run.verdict, grade::Verdict::kPassed) << "seed " << seed << ": " << Explain(run);
    if (seed > 1) continue;
    sim::SimWorld again(Choices::Seeded(seed), seed);
    ASSERT_EQ(RunIn(again).trace.hash(), run.trace.hash()) << "seed " << seed;
  }
}

TEST_P(ReferenceTest, PassesInTheRealWorld) {
  if (const absl::Status entered = real::EnterNamespaces(); !entered.ok()) GTEST_SKIP() << entered.message();
  real::RealWorld world(Choices::Seeded(1));
  const grade::RunResult run = RunIn(world);
  EXPECT_EQ(run.verdict, grade::Verdict::kPassed) << Explain(run);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ReferenceTest, testing::ValuesIn(Cases()), TestName);

}  // namespace
}  // namespace lab::exercises
