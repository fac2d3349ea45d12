#include "sim/tcp/byte_queue.h"

#include <string>

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

using lab::Payload;

TEST(ByteQueue, SlicesAcrossPieces) {
  ByteQueue queue;
  for (const char* piece : {"abc", "", "de", "fghi"}) queue.Append(Payload::Copy(piece));
  EXPECT_EQ(9u, queue.size());
  EXPECT_EQ("abcdefghi", queue.Slice(0, 100).ToString());
  EXPECT_EQ("cdef", queue.Slice(2, 4).ToString());
  EXPECT_EQ("fg", queue.Slice(5, 2).ToString());
  EXPECT_EQ("", queue.Slice(9, 1).ToString());
  EXPECT_EQ("", queue.Slice(100, 1).ToString());
}

TEST(ByteQueue, ForgetsItsBeginning) {
  ByteQueue queue;
  queue.Append(Payload::Copy("abcd"));
  queue.Append(Payload::Copy("efgh"));
  queue.RemovePrefix(2);
  EXPECT_EQ("cdef", queue.Slice(0, 4).ToString());
  queue.RemovePrefix(3);
  EXPECT_EQ("fgh", queue.Slice(0, 100).ToString());
  queue.Append(Payload::Copy("ij"));
  EXPECT_EQ("hij", queue.Slice(2, 100).ToString());
  queue.RemovePrefix(100);
  EXPECT_TRUE(queue.empty());
  queue.Append(Payload::Copy("k"));
  EXPECT_EQ("k", queue.Slice(0, 100).ToString());
}

TEST(ByteQueue, GivesItsBeginningAway) {
  ByteQueue queue;
  EXPECT_EQ("", queue.Take(1).ToString());
  queue.Append(Payload::Copy("abcd"));
  EXPECT_EQ("ab", queue.Take(2).ToString());
  queue.Append(Payload::Copy("efgh"));
  queue.Append(Payload::Copy("ij"));
  EXPECT_EQ("cdefg", queue.Take(5).ToString());
  EXPECT_EQ(3u, queue.size());
  EXPECT_EQ("", queue.Take(0).ToString());
  EXPECT_EQ("hij", queue.Take(100).ToString());
  EXPECT_TRUE(queue.empty());
  queue.Append(Payload::Copy("k"));
  EXPECT_EQ("k", queue.Take(1).ToString());
}

TEST(ByteQueue, SlicesBehindItsFirstPiece) {
  ByteQueue queue;
  for (const char* piece : {"abcd", "efgh", "ijkl"}) queue.Append(Payload::Copy(piece));
  queue.RemovePrefix(5);
  EXPECT_EQ("fgh", queue.Slice(0, 3).ToString());
  EXPECT_EQ("ij", queue.Slice(3, 2).ToString());
  EXPECT_EQ("kl", queue.Slice(5, 100).ToString());
  EXPECT_EQ("", queue.Slice(7, 1).ToString());
}

TEST(ByteQueue, KeepsTheOrderOfManySmallPieces) {
  ByteQueue queue;
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    queue.Append(Payload::Copy(piece));
    expected += piece;
    if (i % 3 != 0) continue;
    queue.RemovePrefix(4);
    expected.erase(0, 4);
    ASSERT_EQ(expected.substr(expected.size() / 2, 20), queue.Slice(expected.size() / 2, 20).ToString());
  }
  EXPECT_EQ(expected, queue.Slice(0, queue.size()).ToString());
}

}  // namespace
}  // namespace sim::tcp
