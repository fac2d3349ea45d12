#include "lab/wire/rule.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace lab {
namespace {

using std::chrono::milliseconds;

bool HasData(const Packet& packet) { return !packet.payload.empty(); }

Packet Segment(size_t length) {
  Packet packet;
  packet.source = {1, 1000};
  packet.destination = {2, 2000};
  packet.tcp.seq = 500;
  packet.tcp.ack = 900;
  packet.tcp.ack_flag = true;
  packet.payload = Payload::Copy(std::string(length, 'x'));
  return packet;
}

TEST(RulesTest, WithoutRulesEverythingPasses) {
  Rules rules;
  const auto judgement = rules.Judge(Time(0), Segment(1));
  EXPECT_EQ(judgement.verdict, Verdict::kPass);
  EXPECT_EQ(judgement.name, nullptr);
}

TEST(RulesTest, TheFirstThatMatchesDecides) {
  Rules rules;
  rules.Add({.name = "data", .matches = HasData, .verdict = Verdict::kDelay, .delay = milliseconds(7)});
  rules.Add({.name = "all", .verdict = Verdict::kDrop});
  const auto data = rules.Judge(Time(0), Segment(1));
  EXPECT_EQ(data.verdict, Verdict::kDelay);
  EXPECT_EQ(data.delay, Duration(milliseconds(7)));
  EXPECT_EQ(*data.name, "data");
  const auto empty = rules.Judge(Time(0), Segment(0));
  EXPECT_EQ(empty.verdict, Verdict::kDrop);
  EXPECT_EQ(*empty.name, "all");
}

TEST(RulesTest, SkipsAndCountsThoseThatMatch) {
  Rules rules;
  rules.Add({.name = "third and fourth", .matches = HasData, .skip = 2, .count = 2});
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(rules.Judge(Time(0), Segment(0)).verdict, Verdict::kPass);
    verdicts.push_back(rules.Judge(Time(0), Segment(1)).verdict);
  }
  EXPECT_EQ(verdicts, (std::vector<Verdict>{Verdict::kPass, Verdict::kPass, Verdict::kDrop, Verdict::kDrop,
                                            Verdict::kPass, Verdict::kPass}));
}

TEST(RulesTest, ARuleThatSkipsLeavesThePacketToTheNext) {
  Rules rules;
  rules.Add({.name = "second", .skip = 1, .count = 1, .verdict = Verdict::kDuplicate});
  rules.Add({.name = "rest"});
  EXPECT_EQ(*rules.Judge(Time(0), Segment(1)).name, "rest");
  EXPECT_EQ(*rules.Judge(Time(0), Segment(1)).name, "second");
  EXPECT_EQ(*rules.Judge(Time(0), Segment(1)).name, "rest");
}

TEST(RulesTest, HoldsWithinItsTimeAndCountsOnlyThen) {
  Rules rules;
  rules.Add({.name = "later", .from = milliseconds(10), .until = milliseconds(20), .count = 2});
  EXPECT_EQ(rules.Judge(milliseconds(9), Segment(1)).verdict, Verdict::kPass);
  EXPECT_EQ(rules.Judge(milliseconds(10), Segment(1)).verdict, Verdict::kDrop);
  EXPECT_EQ(rules.Judge(milliseconds(19), Segment(1)).verdict, Verdict::kDrop);
  EXPECT_EQ(rules.Judge(milliseconds(19), Segment(1)).verdict, Verdict::kPass);
  EXPECT_EQ(rules.Judge(milliseconds(20), Segment(1)).verdict, Verdict::kPass);
}

TEST(RulesTest, ResetsForDataFitWhatBothEndsWaitFor) {
  const std::vector<Packet> resets = Rules::ResetsFor(Segment(100));
  ASSERT_EQ(resets.size(), 2u);
  EXPECT_EQ(resets[0].source, (Endpoint{1, 1000}));
  EXPECT_EQ(resets[0].destination, (Endpoint{2, 2000}));
  EXPECT_TRUE(resets[0].tcp.rst);
  EXPECT_EQ(resets[0].tcp.seq, 500u);
  EXPECT_EQ(resets[1].source, (Endpoint{2, 2000}));
  EXPECT_EQ(resets[1].destination, (Endpoint{1, 1000}));
  EXPECT_TRUE(resets[1].tcp.rst);
  EXPECT_EQ(resets[1].tcp.seq, 900u);
  for (const Packet& reset : resets) EXPECT_EQ(reset.sequence_length(), 0u);
}

TEST(RulesTest, ResetsForASynLookLikeARefusal) {
  Packet syn = Segment(0);
  syn.tcp.syn = true;
  syn.tcp.ack_flag = false;
  syn.tcp.ack = 0;
  const Packet back = Rules::ResetsFor(syn)[1];
  EXPECT_EQ(back.tcp.FlagsToString(), "RST, ACK");
  EXPECT_EQ(back.tcp.seq, 0u);
  EXPECT_EQ(back.tcp.ack, 501u);
}

TEST(RulesTest, ResetsForASynAckAcknowledgeTheClientsSyn) {
  Packet syn_ack = Segment(0);
  syn_ack.tcp.syn = true;
  const std::vector<Packet> resets = Rules::ResetsFor(syn_ack);
  EXPECT_EQ(resets[0].tcp.FlagsToString(), "RST, ACK");
  EXPECT_EQ(resets[0].tcp.seq, 501u);
  EXPECT_EQ(resets[0].tcp.ack, 900u);
  EXPECT_EQ(resets[1].tcp.FlagsToString(), "RST");
  EXPECT_EQ(resets[1].tcp.seq, 900u);
}

}  // namespace
}  // namespace lab
