// Losses: how they are found, and what goes again when.
#include "tests/segments/script.h"

namespace segments {
namespace {

// Sends ten segments of 1,000 bytes; the handshake took `kRoundTrip`, so that the timers are not too fast for a
// script on the kernel.
class Loss : public SegmentTest {
 protected:
  static constexpr milliseconds kRoundTrip{40};
  // The kernel gathers what it may send within a millisecond, so as to send it in one piece.
  static constexpr milliseconds kAMoment{5};

  void SendTen() {
    script.peer_mss = 1'000;
    script.Connect();
    script.Pass(kRoundTrip);
    script.Inject({.seq = 0, .ack = 1, .syn = true});
    ASSERT_EQ("ACK 1 ack 1", script.OutAll());
    script.Inject({});  // the first window that is scaled
    script.Write(std::string(30'000, 'x'));
    for (uint32_t seq = 1; seq <= 9'001; seq += 1'000) {
      ASSERT_EQ("ACK " + std::to_string(seq) + ":" + std::to_string(seq + 1'000) + " ack 1", script.Out());
    }
    ASSERT_EQ("", script.Out());
    script.Pass(kRoundTrip);
  }
};

using FastRetransmit = Loss;
using TailLossProbe = Loss;
using Timeout = Loss;

TEST_F(FastRetransmit, ThreeReportedSegmentsSendTheLostOneAgain) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{1'001, 2'001}}});
  EXPECT_EQ("ACK 10001:11001 ack 1", script.OutAll());
  script.Pass(kAMoment);
  script.Inject({.ack = 1, .sack = {{1'001, 3'001}}});
  EXPECT_EQ("ACK 11001:12001 ack 1", script.OutAll());
  script.Inject({.ack = 1, .sack = {{1'001, 4'001}}});
  EXPECT_EQ("ACK 1:1001 ack 1", script.OutAll());
}

TEST_F(FastRetransmit, SeveralHolesAreMendedAtOnce) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{9'001, 10'001}, {7'001, 8'001}, {5'001, 6'001}}});
  EXPECT_EQ("ACK 1:1001 ack 1; ACK 1001:2001 ack 1; ACK 2001:3001 ack 1", script.OutAll());
  script.Inject({.ack = 1'001, .sack = {{9'001, 10'001}, {7'001, 8'001}, {5'001, 6'001}}});
  EXPECT_EQ("ACK 3001:4001 ack 1; ACK 4001:5001 ack 1", script.OutAll());
}

TEST_F(FastRetransmit, RecoveryEndsWithAllThatWasSentBefore) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{1'001, 5'001}}});
  EXPECT_EQ("ACK 1:1001 ack 1", script.OutAll());
  script.Inject({.ack = 10'001});
  EXPECT_EQ("ACK 10001:11001 ack 1; ACK 11001:12001 ack 1; ACK 12001:13001 ack 1; ACK 13001:14001 ack 1; "
            "ACK 14001:15001 ack 1; ACK 15001:16001 ack 1",
            script.OutAll());  // half of ten, and one for what has arrived
}

TEST_F(FastRetransmit, ReorderedSegmentIsWaitedForAQuarterOfARoundTrip) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{1'001, 2'001}}});
  EXPECT_EQ("ACK 10001:11001 ack 1", script.OutAll());
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());
}

TEST_F(FastRetransmit, WithoutReportsThreeDuplicatesDo) {
  script.peer_sack = false;
  SendTen();
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 10001:11001 ack 1", script.OutAll());
  script.Pass(kAMoment);
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 11001:12001 ack 1", script.OutAll());
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 1:1001 ack 1", script.OutAll());
  script.Inject({.ack = 2'001});  // the next hole
  script.Inject({.ack = 2'001});
  script.Inject({.ack = 2'001});
  EXPECT_EQ("ACK 2001:3001 ack 1", script.Out());
}

TEST_F(FastRetransmit, WindowUpdatesAreNoDuplicates) {
  script.peer_sack = false;
  SendTen();
  for (const uint16_t window : {65, 66, 67, 68}) script.Inject({.ack = 1, .window = window});
  EXPECT_EQ("", script.OutAll());
}

TEST_F(FastRetransmit, TextIsNoDuplicate) {
  script.peer_sack = false;
  SendTen();
  for (uint32_t seq = 1; seq < 6; ++seq) script.Inject({.seq = seq, .ack = 1, .text = "x"});
  EXPECT_EQ("ACK 10001 ack 2; ACK 10001 ack 3; ACK 10001 ack 4; ACK 10001 ack 5; ACK 10001 ack 6", script.OutAll());
}

TEST_F(FastRetransmit, DuplicateReportTakesTheReductionBack) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{1'001, 5'001}}});
  EXPECT_EQ("ACK 1:1001 ack 1", script.OutAll());
  // It had only been overtaken: both arrive.
  script.Inject({.ack = 10'001, .sack = {{1, 1'001}}});
  std::string out = script.Out();
  int segments = 0;
  for (; !out.empty(); out = script.Out()) ++segments;
  EXPECT_EQ(17, segments);  // the ten of before, and as many more as have arrived
}

TEST_F(Timeout, SendsTheFirstAgainAndThenWhatIsLost) {
  SendTen();
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());
  script.Inject({.ack = 1'001});
  EXPECT_EQ("ACK 10001:11001 ack 1; ACK 11001:12001 ack 1", script.OutAll());  // F-RTO: was the timer wrong?
  script.Inject({.ack = 1'001, .sack = {{10'001, 11'001}}});
  EXPECT_EQ("ACK 1001:2001 ack 1", script.Out());  // no
}

TEST_F(Timeout, ThatWasWrongIsTakenBack) {
  SendTen();
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());
  script.Inject({.ack = 1'001});
  EXPECT_EQ("ACK 10001:11001 ack 1; ACK 11001:12001 ack 1", script.OutAll());
  script.Inject({.ack = 10'001});  // the first answer had only been slow
  const std::string out = script.Out();
  EXPECT_EQ("ACK 12001:13001 ack 1", out);
}

TEST_F(Timeout, ForgetsNothingThatWasReported) {
  SendTen();
  script.Inject({.ack = 1, .sack = {{1'001, 2'001}}});
  EXPECT_EQ("ACK 10001:11001 ack 1", script.OutAll());
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());  // lost again: by the timer
  script.Inject({.ack = 2'001});
  EXPECT_EQ("ACK 2001:3001 ack 1; ACK 3001:4001 ack 1", script.OutAll());
}

TEST_F(Timeout, WhatIsLostGoesBeforeWhatIsNew) {
  script.peer_sack = false;
  script.peer_mss = 1'460;
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_NODELAY, 1);
  script.Write(std::string(2'920, 'x'));
  script.OutAll();
  EXPECT_EQ("ACK 1:1461 ack 1", script.Await());
  script.Inject({.ack = 701});
  script.Write("y");
  EXPECT_EQ("", script.OutAll());
  script.Inject({.ack = 1'461});
  EXPECT_EQ("ACK 1461:2921 ack 1; ACK 2921:2922 ack 1", script.OutAll());
}

TEST_F(TailLossProbe, SendsTheLastSegmentAgain) {
  script.settings.tail_loss_probe = true;
  script.peer_mss = 1'000;
  script.Connect();
  script.Pass(kRoundTrip);
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  script.Inject({});
  script.OutAll();
  script.Write(std::string(3'000, 'x'));
  EXPECT_EQ("ACK 1:1001 ack 1; ACK 1001:2001 ack 1; ACK 2001:3001 ack 1", script.OutAll());
  EXPECT_EQ("ACK 2001:3001 ack 1", script.Await());
  script.Inject({.ack = 1, .sack = {{2'001, 3'001}}});
  EXPECT_EQ("ACK 1:1001 ack 1", script.Await());  // the others are lost
}

TEST_F(TailLossProbe, SendsSomethingNewWhereThereIsSome) {
  script.settings.tail_loss_probe = true;
  SendTen();
  EXPECT_EQ("ACK 10001:11001 ack 1", script.Await());
}

TEST_F(TailLossProbe, IsFollowedByTheTimer) {
  script.settings.tail_loss_probe = true;
  script.Establish();
  script.Write("hello");
  EXPECT_EQ("ACK 1:6 ack 1", script.OutAll());
  EXPECT_EQ("ACK 1:6 ack 1", script.Await());
  EXPECT_EQ("ACK 1:6 ack 1", script.Await());
  script.Inject({.ack = 6});
  EXPECT_EQ("", script.OutAll());
}

}  // namespace
}  // namespace segments
