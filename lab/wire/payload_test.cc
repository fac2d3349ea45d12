#include "lab/wire/payload.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace lab {
namespace {

// Bytes that tell where they stood.
std::string Numbered(size_t length) {
  std::string bytes;
  while (bytes.size() < length) bytes += std::to_string(bytes.size()) + ",";
  bytes.resize(length);
  return bytes;
}

TEST(PayloadTest, AnEmptyOneHasNothing) {
  const Payload payload;
  EXPECT_TRUE(payload.empty());
  EXPECT_EQ(payload.size(), 0u);
  EXPECT_EQ(payload.ToString(), "");
  EXPECT_TRUE(Payload::Copy("").empty());
  EXPECT_TRUE(Payload::Copy(nullptr, 0).empty());
}

TEST(PayloadTest, CopiesKeepTheBytesThatTheirSourceHadThen) {
  std::string source = "hello";
  const Payload payload = Payload::Copy(source);
  source = "HELLO";
  EXPECT_EQ(payload.ToString(), "hello");
}

TEST(PayloadTest, ASliceIsCutToWhatIsThere) {
  const Payload payload = Payload::Copy("0123456789");
  EXPECT_EQ(payload.Slice(0, 10).ToString(), "0123456789");
  EXPECT_EQ(payload.Slice(3, 4).ToString(), "3456");
  EXPECT_EQ(payload.Slice(8, 100).ToString(), "89");
  EXPECT_EQ(payload.Slice(10, 1).ToString(), "");
  EXPECT_EQ(payload.Slice(100, 1).ToString(), "");
  EXPECT_EQ(payload.Slice(3, 0).ToString(), "");
}

TEST(PayloadTest, ASliceOutlivesWhatItWasCutFrom) {
  Payload slice;
  {
    Payload payload = Payload::Copy("0123456789");
    slice = payload.Slice(2, 5);
    payload.Clear();
    EXPECT_TRUE(payload.empty());
  }
  EXPECT_EQ(slice.ToString(), "23456");
}

// Blocks that were freed are used again: no byte of another message may show, nor may one change under its reader.
TEST(PayloadTest, MessagesOfAllSizesKeepTheirBytesWhileOthersComeAndGo) {
  const std::string bytes = Numbered(9'000);
  std::vector<Payload> kept;
  for (int round = 0; round < 3; ++round) {
    for (size_t length = 1; length <= bytes.size(); length += 37) {
      Payload passing = Payload::Copy(bytes.substr(0, length));
      ASSERT_EQ(passing.ToString(), bytes.substr(0, length));
      if (length % 3 == 0) kept.push_back(passing);
    }
    for (const Payload& payload : kept) ASSERT_EQ(payload.ToString(), bytes.substr(0, payload.size()));
    kept.resize(kept.size() / 2);
  }
}

TEST(PayloadTest, OneThatWasMovedFromIsEmpty) {
  Payload from = Payload::Copy(Numbered(700));
  from.Append(Payload::Copy(Numbered(700)));
  const Payload to = std::move(from);
  EXPECT_EQ(to.ToString(), Numbered(700) + Numbered(700));
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(from.size(), 0u);
}

TEST(PayloadTest, SlicesOfSlicesAndJoinsKeepTheOrder) {
  Payload payload = Payload::Copy(Numbered(3000));
  payload.Append(Payload::Copy(Numbered(2000)));
  payload.Append(Payload::Copy("end"));
  const std::string expected = Numbered(3000) + Numbered(2000) + "end";
  EXPECT_EQ(payload.ToString(), expected);
  EXPECT_EQ(payload.Slice(2500, 1500).Slice(400, 700).ToString(), expected.substr(2900, 700));
}

TEST(PayloadTest, JoiningNeighboursGivesTheWholeAgain) {
  const std::string bytes = Numbered(10'000);
  const Payload whole = Payload::Copy(bytes);
  Payload joined = whole.Slice(0, 4000);
  joined.Append(whole.Slice(4000, 6000));
  EXPECT_EQ(joined.ToString(), bytes);
  EXPECT_EQ(joined.size(), bytes.size());
}

TEST(PayloadTest, AppendsToItself) {
  Payload payload = Payload::Copy(Numbered(700));
  payload.Append(Payload::Copy("x"));
  payload.Append(payload);
  EXPECT_EQ(payload.ToString(), Numbered(700) + "x" + Numbered(700) + "x");
}

TEST(PayloadTest, SmallPiecesJoinedToTwoOwnersOfABlockDoNotMix) {
  Payload first = Payload::Copy("a");
  first.Append(Payload::Copy("b"));  // now gathered, with room behind
  Payload second = first;
  first.Append(Payload::Copy("1"));
  second.Append(Payload::Copy("2"));
  first.Append(Payload::Copy("3"));
  EXPECT_EQ(first.ToString(), "ab13");
  EXPECT_EQ(second.ToString(), "ab2");
}

TEST(PayloadTest, RemovePrefixForgetsTheFirstBytes) {
  Payload payload = Payload::Copy(Numbered(1000));
  payload.Append(Payload::Copy(Numbered(1000)));
  payload.RemovePrefix(0);
  EXPECT_EQ(payload.size(), 2000u);
  payload.RemovePrefix(1000);
  EXPECT_EQ(payload.ToString(), Numbered(1000));
  payload.RemovePrefix(990);
  EXPECT_EQ(payload.ToString(), Numbered(1000).substr(990));
  payload.RemovePrefix(11);
  EXPECT_TRUE(payload.empty());
  payload.RemovePrefix(1);
  EXPECT_TRUE(payload.empty());
}

TEST(PayloadTest, CopyToTakesWhatThereIsFromTheOffset) {
  Payload payload = Payload::Copy(Numbered(600));
  payload.Append(Payload::Copy(Numbered(600)));
  std::string out(100, '?');
  EXPECT_EQ(payload.CopyTo(out.data(), 100, 550), 100u);
  EXPECT_EQ(out, Numbered(600).substr(550) + Numbered(50));
  EXPECT_EQ(payload.CopyTo(out.data(), 100, 1190), 10u);
  EXPECT_EQ(payload.CopyTo(out.data(), 100, 1200), 0u);
  EXPECT_EQ(payload.CopyTo(out.data(), 0), 0u);
}

// Against a string, step by step, with pieces of all sizes.
TEST(PayloadTest, BehavesLikeAString) {
  uint32_t state = 1;
  const auto random = [&state](uint32_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return (state >> 8) % below;
  };
  Payload payload;
  std::string string;
  std::vector<std::pair<Payload, std::string>> slices;
  for (int step = 0; step < 20'000; ++step) {
    const size_t size = random(8) == 0 ? random(5000) : random(40);
    if (string.size() < 50'000 && random(2) == 0) {
      const std::string bytes = Numbered(size + step % 10).substr(step % 10);
      payload.Append(Payload::Copy(bytes));
      string += bytes;
    } else if (random(2) == 0) {
      payload.RemovePrefix(size);
      string.erase(0, size);
    } else {
      const size_t offset = random(static_cast<uint32_t>(string.size()) + 1);
      slices.emplace_back(payload.Slice(offset, size), string.substr(offset, size));
      if (random(4) == 0) {
        payload.Append(slices.back().first);
        string += slices.back().second;
      }
    }
    ASSERT_EQ(payload.size(), string.size());
    if (step % 100 == 0) {
      ASSERT_EQ(payload.ToString(), string) << "step " << step;
    }
  }
  for (const auto& [slice, bytes] : slices) ASSERT_EQ(slice.ToString(), bytes);
}

}  // namespace
}  // namespace lab
