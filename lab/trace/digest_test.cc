#include "lab/trace/digest.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace lab {
namespace {

template <size_t kCount>
uint64_t Of(const uint64_t (&words)[kCount]) {
  Digest digest;
  digest.Add(words);
  return digest.value();
}

TEST(DigestTest, EveryBitOfEveryWordCounts) {
  std::set<uint64_t> values = {Of({0, 0, 0})};
  for (int place = 0; place < 3; ++place) {
    for (int bit = 0; bit < 64; ++bit) {
      uint64_t words[3] = {};
      words[place] = uint64_t{1} << bit;
      values.insert(Of(words));
    }
  }
  EXPECT_EQ(values.size(), 1 + 3 * 64);
}

TEST(DigestTest, ThePlacesOfWordsCount) {
  EXPECT_NE(Of({1, 2}), Of({2, 1}));
  EXPECT_NE(Of({7, 0}), Of({0, 7}));
}

TEST(DigestTest, TheOrderOfRecordsCounts) {
  Digest one;
  one.Add({1, 2});
  one.Add({3, 4});
  Digest other;
  other.Add({3, 4});
  other.Add({1, 2});
  EXPECT_NE(one.value(), other.value());
}

TEST(DigestTest, TextCountsToItsLastLetterAndSoDoesItsLength) {
  std::set<uint64_t> values;
  for (const char* text : {"", "a", "b", "12345678", "123456789", "12345678a"}) {
    Digest digest;
    digest.Add(std::string_view(text));
    values.insert(digest.value());
  }
  Digest with_zero;
  with_zero.Add(std::string("a\0", 2));
  values.insert(with_zero.value());
  EXPECT_EQ(values.size(), 7);
}

// By hand: sums of products, then three steps.
TEST(DigestTest, IsTheSameOnEveryMachine) {
  Digest digest;
  digest.Add({1, 2, 3});
  digest.Add("duet");
  EXPECT_EQ(digest.value(), 0x34429e3a75ffd0a5);
}

}  // namespace
}  // namespace lab
