#include "lab/choice/choices.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace lab {
namespace {

// A run that asks for two kinds and two actors, in a fixed pattern; gives the answers.
std::vector<uint32_t> Play(Choices& choices) {
  std::vector<uint32_t> answers;
  for (uint32_t i = 0; i < 200; ++i) {
    answers.push_back(choices.Pick(Choice::kSchedule, 0, 1 + i % 5));
    answers.push_back(choices.Chance(Choice::kLoss, 3, 200'000));
    answers.push_back(choices.Pick(Choice::kJitter, 3 + i % 2, 1000));
  }
  return answers;
}

std::vector<uint32_t> Stream(Choices& choices, Choice kind, uint32_t actor, int count) {
  std::vector<uint32_t> answers;
  for (int i = 0; i < count; ++i) answers.push_back(choices.Pick(kind, actor, 1'000'000));
  return answers;
}

TEST(ChoicesTest, BenignIsAlwaysZeroAndDeviatesNowhere) {
  Choices choices = Choices::Benign();
  for (uint32_t answer : Play(choices)) EXPECT_EQ(answer, 0u);
  EXPECT_TRUE(choices.deviations().empty());
}

TEST(ChoicesTest, ASeedGivesTheSameRunAgain) {
  Choices first = Choices::Seeded(42);
  Choices second = Choices::Seeded(42);
  Choices other = Choices::Seeded(43);
  const auto answers = Play(first);
  EXPECT_EQ(answers, Play(second));
  EXPECT_NE(answers, Play(other));
  EXPECT_EQ(first.deviations(), second.deviations());
}

// The numbers are part of what a token means: another machine or a later version has to draw the same.
TEST(ChoicesTest, ASeedsNumbersAreForEver) {
  Choices choices = Choices::Seeded(1);
  EXPECT_EQ(Stream(choices, Choice::kJitter, 2, 4), (std::vector<uint32_t>{89'154, 709'129, 59'987, 480'050}));
}

TEST(ChoicesTest, StreamsAreIndependent) {
  Choices alone = Choices::Seeded(7);
  const auto expected = Stream(alone, Choice::kJitter, 1, 50);

  Choices shared = Choices::Seeded(7);
  std::vector<uint32_t> got;
  for (int i = 0; i < 50; ++i) {
    shared.Pick(Choice::kJitter, 2, 10);
    shared.Pick(Choice::kShortTransfer, 1, 10);
    got.push_back(shared.Pick(Choice::kJitter, 1, 1'000'000));
    shared.Chance(Choice::kLoss, 1, 500'000);
  }
  EXPECT_EQ(got, expected);
}

TEST(ChoicesTest, DifferentStreamsDrawDifferently) {
  Choices choices = Choices::Seeded(7);
  EXPECT_NE(Stream(choices, Choice::kJitter, 1, 20), Stream(choices, Choice::kJitter, 2, 20));
  EXPECT_NE(Stream(choices, Choice::kSchedule, 5, 20), Stream(choices, Choice::kLoss, 5, 20));
}

TEST(ChoicesTest, ReplayingTheDeviationsGivesTheSameRun) {
  Choices drawn = Choices::Seeded(99);
  const auto answers = Play(drawn);
  ASSERT_FALSE(drawn.deviations().empty());
  Choices replayed = Choices::Replayed(drawn.deviations());
  EXPECT_EQ(Play(replayed), answers);
  EXPECT_EQ(replayed.deviations(), drawn.deviations());
}

TEST(ChoicesTest, LeavingOneDeviationOutLeavesTheOthersWhereTheyWere) {
  Choices drawn = Choices::Seeded(99);
  const auto answers = Play(drawn);
  const auto& all = drawn.deviations();
  for (size_t left_out = 0; left_out < all.size(); left_out += 7) {
    auto fewer = all;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(left_out));
    Choices replayed = Choices::Replayed(fewer);
    const auto got = Play(replayed);
    size_t differences = 0;
    for (size_t i = 0; i < answers.size(); ++i) {
      if (got[i] == answers[i]) continue;
      ++differences;
      EXPECT_EQ(got[i], 0u);
      EXPECT_EQ(answers[i], all[left_out].value);
    }
    EXPECT_EQ(differences, 1u);
    EXPECT_EQ(replayed.deviations(), fewer);
  }
}

TEST(ChoicesTest, AReplayedValueThatIsTooLargeCountsAsTheLargest) {
  Choices choices = Choices::Replayed({{Choice::kSchedule, 0, 1, 77}, {Choice::kLoss, 0, 0, 9}});
  EXPECT_EQ(choices.Pick(Choice::kSchedule, 0, 5), 0u);
  EXPECT_EQ(choices.Pick(Choice::kSchedule, 0, 5), 4u);
  EXPECT_TRUE(choices.Chance(Choice::kLoss, 0, 1));
  EXPECT_EQ(choices.deviations(),
            (std::vector<Deviation>{{Choice::kSchedule, 0, 1, 4}, {Choice::kLoss, 0, 0, 1}}));
}

TEST(ChoicesTest, ReplayedDeviationsOfNoChoiceChangeNothing) {
  Choices choices = Choices::Replayed({{Choice::kSchedule, 9, 0, 1}});
  for (uint32_t answer : Play(choices)) EXPECT_EQ(answer, 0u);
}

TEST(ChoicesTest, ChoiceOfOneIsZero) {
  Choices choices = Choices::Seeded(5);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(choices.Pick(Choice::kSchedule, 0, 1), 0u);
  EXPECT_TRUE(choices.deviations().empty());
}

TEST(ChoicesTest, AllAnswersAreDrawnAboutEquallyOften) {
  Choices choices = Choices::Seeded(11);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[choices.Pick(Choice::kSchedule, 0, 7)];
  const auto [fewest, most] = std::minmax_element(counts.begin(), counts.end());
  EXPECT_GT(*fewest, 850);
  EXPECT_LT(*most, 1150);
}

TEST(ChoicesTest, ChancesComeAsOftenAsAsked) {
  Choices choices = Choices::Seeded(11);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    hits += choices.Chance(Choice::kLoss, 0, 250'000);
    EXPECT_FALSE(choices.Chance(Choice::kLoss, 1, 0));
    EXPECT_TRUE(choices.Chance(Choice::kLoss, 2, 1'000'000));
  }
  EXPECT_GT(hits, 2300);
  EXPECT_LT(hits, 2700);
}

TEST(FillFromSeedTest, GivesTheSameBytesHoweverTheyAreAskedFor) {
  std::array<unsigned char, 100> whole{};
  FillFromSeed(1, 2, 0, whole.data(), whole.size());
  std::array<unsigned char, 100> pieces{};
  for (size_t at = 0; at < 100; at += 7) {
    FillFromSeed(1, 2, at, pieces.data() + at, std::min<size_t>(7, 100 - at));
  }
  EXPECT_EQ(pieces, whole);
}

TEST(FillFromSeedTest, SeedsAndStreamsDiffer) {
  std::array<std::array<unsigned char, 32>, 3> bytes{};
  FillFromSeed(1, 1, 0, bytes[0].data(), 32);
  FillFromSeed(1, 2, 0, bytes[1].data(), 32);
  FillFromSeed(2, 1, 0, bytes[2].data(), 32);
  EXPECT_NE(bytes[0], bytes[1]);
  EXPECT_NE(bytes[0], bytes[2]);
  EXPECT_NE(bytes[1], bytes[2]);
}

}  // namespace
}  // namespace lab
