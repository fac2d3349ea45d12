#include "sim/tcp/reassembly.h"

#include <string>

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

using lab::Payload;
using lab::SackBlock;

std::vector<SackBlock> Blocks(const Reassembly& reassembly, size_t most = 4) {
  const auto blocks = reassembly.Blocks(most);
  return {blocks.begin(), blocks.end()};
}

TEST(Reassembly, GivesNothingBeforeTheHoleIsFilled) {
  Reassembly reassembly;
  reassembly.Insert(110, Payload::Copy("later"));
  EXPECT_EQ("", reassembly.TakeAt(100).ToString());
  EXPECT_FALSE(reassembly.empty());
  EXPECT_EQ("later", reassembly.TakeAt(110).ToString());
  EXPECT_TRUE(reassembly.empty());
}

TEST(Reassembly, CutsOffWhatHasComeMeanwhile) {
  Reassembly reassembly;
  reassembly.Insert(110, Payload::Copy("0123456789"));
  EXPECT_EQ("56789", reassembly.TakeAt(115).ToString());
}

TEST(Reassembly, ForgetsWhatLiesBefore) {
  Reassembly reassembly;
  reassembly.Insert(110, Payload::Copy("old"));
  reassembly.Insert(120, Payload::Copy("new"));
  EXPECT_EQ("new", reassembly.TakeAt(120).ToString());
  EXPECT_TRUE(reassembly.empty());
}

TEST(Reassembly, JoinsNeighbours) {
  Reassembly reassembly;
  reassembly.Insert(10, Payload::Copy("cd"));
  reassembly.Insert(14, Payload::Copy("gh"));
  EXPECT_EQ(2u, Blocks(reassembly).size());
  reassembly.Insert(12, Payload::Copy("ef"));
  EXPECT_EQ((std::vector<SackBlock>{{10, 16}}), Blocks(reassembly));
  reassembly.Insert(8, Payload::Copy("ab"));
  EXPECT_EQ("abcdefgh", reassembly.TakeAt(8).ToString());
}

TEST(Reassembly, KeepsTheFirstOfWhatComesTwice) {
  Reassembly reassembly;
  reassembly.Insert(12, Payload::Copy("CD"));
  reassembly.Insert(10, Payload::Copy("abxxefxx"));
  reassembly.Insert(16, Payload::Copy("ghij"));
  reassembly.Insert(11, Payload::Copy("y"));
  EXPECT_EQ("abCDefxxij", reassembly.TakeAt(10).ToString());
}

TEST(Reassembly, SwallowsSeveralRunsAtOnce) {
  Reassembly reassembly;
  for (const uint32_t seq : {20u, 30u, 40u}) reassembly.Insert(seq, Payload::Copy("--"));
  reassembly.Insert(15, Payload::Copy(std::string(30, '+')));
  EXPECT_EQ((std::vector<SackBlock>{{15, 45}}), Blocks(reassembly));
  EXPECT_EQ("+++++--++++++++--++++++++--+++", reassembly.TakeAt(15).ToString());
}

TEST(Reassembly, ReportsTheLatestBlockFirst) {
  Reassembly reassembly;
  for (const uint32_t seq : {10u, 30u, 50u, 20u}) reassembly.Insert(seq, Payload::Copy("ab"));
  EXPECT_EQ((std::vector<SackBlock>{{20, 22}, {10, 12}, {30, 32}, {50, 52}}), Blocks(reassembly));
  EXPECT_EQ((std::vector<SackBlock>{{20, 22}, {10, 12}, {30, 32}}), Blocks(reassembly, 3));
  EXPECT_EQ(52u, reassembly.end());
}

TEST(Reassembly, WorksAcrossTheWrap) {
  Reassembly reassembly;
  reassembly.Insert(2, Payload::Copy("ef"));
  reassembly.Insert(0xfffffffeu, Payload::Copy("abcd"));
  EXPECT_EQ("abcdef", reassembly.TakeAt(0xfffffffeu).ToString());
}

}  // namespace
}  // namespace sim::tcp
