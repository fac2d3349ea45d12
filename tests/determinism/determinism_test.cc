// A run follows from its choices and its seed, and from nothing else.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/determinism/worlds.h"

namespace determinism {
namespace {

constexpr uint64_t kSeeds = 25;

class DeterminismTest : public testing::TestWithParam<NamedWorld> {
 protected:
  static Result Seeded(uint64_t seed) { return GetParam().run(lab::Choices::Seeded(seed), seed); }
};

TEST_P(DeterminismTest, TheSameSeedGivesTheSameRun) {
  std::vector<std::unique_ptr<char[]>> litter;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const Result first = Seeded(seed);
    // Nothing may depend on where things stand in memory.
    for (size_t i = 0; i < 50; ++i) litter.push_back(std::make_unique<char[]>(seed * 37 + i * 61));
    ASSERT_EQ(first, Seeded(seed));
    EXPECT_GT(first.events, 20u);
    EXPECT_FALSE(first.deviations.empty());
  }
}

TEST_P(DeterminismTest, DifferentSeedsGiveDifferentRuns) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) hashes.insert(Seeded(seed).hash);
  EXPECT_EQ(hashes.size(), kSeeds);
}

TEST_P(DeterminismTest, WhatWasRecordedReplaysToTheBit) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const Result drawn = Seeded(seed);
    ASSERT_EQ(drawn, GetParam().run(lab::Choices::Replayed(drawn.deviations), seed));
  }
}

TEST_P(DeterminismTest, WithoutItsDeviationsARunIsBenign) {
  EXPECT_EQ(GetParam().run(lab::Choices::Replayed({}), 1), GetParam().run(lab::Choices::Benign(), 1));
}

TEST_P(DeterminismTest, LeavingADeviationOutLeavesTheOthersWhereTheyWere) {
  using Key = std::tuple<lab::Choice, uint32_t, uint32_t>;
  const Result drawn = Seeded(1);
  const size_t step = drawn.deviations.size() / 10 + 1;
  for (size_t left_out = 0; left_out < drawn.deviations.size(); left_out += step) {
    std::vector<lab::Deviation> rest = drawn.deviations;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(left_out));
    std::map<Key, uint32_t> expected;
    for (const lab::Deviation& d : rest) expected[{d.kind, d.actor, d.ordinal}] = d.value;
    const Result shrunk = GetParam().run(lab::Choices::Replayed(rest), 1);
    for (const lab::Deviation& d : shrunk.deviations) {
      const auto found = expected.find({d.kind, d.actor, d.ordinal});
      ASSERT_NE(found, expected.end());
      // A choice among fewer takes the largest of them.
      EXPECT_LE(d.value, found->second);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, DeterminismTest, testing::ValuesIn(Worlds()), [](const auto& info) {
  std::string name = info.param.name;
  std::erase(name, '-');
  return name;
});

std::string OutputOf(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  char buffer[4096];
  while (fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

TEST(DeterminismAcrossProcessesTest, AnotherProcessWithOtherAddressesGivesTheSameHashes) {
  const char* const folder = std::getenv("TEST_SRCDIR");
  ASSERT_NE(folder, nullptr);
  const std::string command = std::string(folder) + "/duet/tests/determinism/print_hashes";
  const std::string first = OutputOf(command);
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 12);
  EXPECT_EQ(first, OutputOf("LITTER=1 " + command));
}

}  // namespace
}  // namespace determinism
