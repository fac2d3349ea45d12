#include "lab/grade/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lab::grade {
namespace {

using ::testing::HasSubstr;

const Token kSeeded{.exercise = "02-server", .scenario = "overflow", .seed = 7, .hash = 0x9c1e7a33};

Token WithDeviations() {
  Token token = kSeeded;
  token.deviations = std::vector<Deviation>{{Choice::kLoss, 3, 12, 1}, {Choice::kSchedule, 0, 4'000'000'000, 5}};
  return token;
}

TEST(TokenTest, ASeededRunReadsAsItsParts) {
  EXPECT_THAT(ToString(kSeeded), HasSubstr("02-server/overflow:s7:9c1e7a33:"));
}

TEST(TokenTest, EveryTokenIsReadBack) {
  Token largest = kSeeded;
  largest.seed = ~uint64_t{0};
  Token empty_list = kSeeded;
  empty_list.deviations.emplace();
  for (const Token& token : {kSeeded, WithDeviations(), largest, empty_list}) {
    const auto parsed = ParseToken(ToString(token));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, token);
  }
}

TEST(TokenTest, SpacesAroundItAreForgiven) {
  EXPECT_TRUE(ParseToken("  " + ToString(kSeeded) + "\n").ok());
}

TEST(TokenTest, NoSingleChangedCharacterGoesUnnoticed) {
  for (const std::string& text : {ToString(kSeeded), ToString(WithDeviations())}) {
    for (size_t i = 0; i < text.size(); ++i) {
      std::string typo = text;
      typo[i] = typo[i] == 'x' ? 'y' : 'x';
      EXPECT_FALSE(ParseToken(typo).ok()) << typo;
    }
  }
}

TEST(TokenTest, EveryCutOffTokenIsRefusedWithASentence) {
  const std::string text = ToString(WithDeviations());
  for (size_t length = 0; length < text.size(); ++length) {
    const auto parsed = ParseToken(text.substr(0, length));
    ASSERT_FALSE(parsed.ok());
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("this is not a token: "));
  }
}

TEST(TokenTest, TheChoicesAreThoseOfTheSeedOrTheList) {
  Choices seeded = kSeeded.MakeChoices();
  Choices same = Choices::Seeded(7);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(seeded.Pick(Choice::kJitter, 1, 1000), same.Pick(Choice::kJitter, 1, 1000));
  }
  Choices listed = WithDeviations().MakeChoices();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(listed.Pick(Choice::kLoss, 3, 2), 0u);
  EXPECT_EQ(listed.Pick(Choice::kLoss, 3, 2), 1u);
}

}  // namespace
}  // namespace lab::grade
