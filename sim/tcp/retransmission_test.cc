// What is sent when, and sent again: Nagle, delayed acknowledgements, loss.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(DelayedAck, AnswerCarriesIt) {
  Script script;
  script.Establish();
  script.Inject({.text = "ping"});
  EXPECT_EQ("ACK 1 ack 5", script.OutAll());  // quick at first
  script.Write("pong");
  EXPECT_EQ("PSH, ACK 1:5 ack 5", script.OutAll());
  script.Inject({.seq = 5, .ack = 5, .text = "ping"});
  EXPECT_EQ("", script.OutAll());  // an answer is expected now
  EXPECT_TRUE(script.connection->DeadlineMatters());
  script.Read();
  script.Write("pong");
  EXPECT_EQ("PSH, ACK 5:9 ack 9", script.OutAll());
}

TEST(DelayedAck, GoesAloneAfter40Ms) {
  Script script;
  script.Establish();
  script.Inject({.text = "ping"});
  script.Write("pong");
  script.OutAll();
  script.Inject({.seq = 5, .ack = 5, .text = "ping"});
  const Time begin = script.now;
  script.Expire();
  EXPECT_EQ(begin + milliseconds(40), script.now);
  EXPECT_EQ("ACK 5 ack 9", script.OutAll());
}

TEST(DelayedAck, TwoSegmentsAreAcknowledgedAtOnceWhereTheWindowAdvancesAndElseWhenRead) {
  for (const uint32_t buffer : {131'072u, 8'192u}) {
    Script script;
    script.options.receive_buffer = buffer;
    script.Establish();
    script.Inject({.text = "ping"});
    script.Read();
    script.Write("pong");
    script.OutAll();
    script.Inject({.seq = 5, .ack = 5, .text = std::string(1'000, 'x')});
    EXPECT_EQ("", script.OutAll());
    script.Inject({.seq = 1'005, .ack = 5, .text = std::string(1'000, 'x')});
    EXPECT_EQ(buffer > 100'000 ? "ACK 5 ack 2005" : "", script.OutAll());
    script.Read(500);
    EXPECT_EQ(buffer > 100'000 ? "" : "ACK 5 ack 2005", script.OutAll());
  }
}

TEST(DelayedAck, TextWithAFinWaitsForTheAnswer) {
  Script script;
  script.Establish();
  script.Inject({.text = "hi", .fin = true});
  EXPECT_EQ("", script.OutAll());
  const Time begin = script.now;
  script.Expire();
  EXPECT_EQ(begin + milliseconds(40), script.now);
  EXPECT_EQ("ACK 1 ack 4", script.OutAll());
}

TEST(Retransmission, BacksOffUntilItTimesOut) {
  Script script;
  script.options.retries2 = 3;
  script.Establish();
  script.Write("hello");
  script.OutAll();
  const Time begin = script.now;
  for (const int at_ms : {200, 600, 1'400, 3'000}) {
    EXPECT_TRUE(script.connection->DeadlineMatters());
    script.Expire();
    EXPECT_EQ(begin + milliseconds(at_ms), script.now);
    EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
  }
  EXPECT_EQ(4u, script.connection->retransmissions());
  script.Expire();
  EXPECT_EQ(begin + milliseconds(6'200), script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_TRUE(script.connection->failed());
  EXPECT_EQ(ETIMEDOUT, script.connection->TakeError());
}

TEST(Retransmission, TakesAQuarterOfAnHourByDefault) {
  Script script;
  script.Establish();
  script.Write("hello");
  script.OutAll();
  const Time begin = script.now;
  while (script.Expire()) script.OutAll();
  EXPECT_EQ(ETIMEDOUT, script.connection->error());
  EXPECT_GT(script.now - begin, milliseconds(924'600));
  EXPECT_LT(script.now - begin, milliseconds(924'600) + seconds(121));
}

TEST(Retransmission, TimeoutNamesTheReasonThatIcmpGave) {
  Script script;
  script.options.retries2 = 1;
  script.Establish();
  script.Write("hello");
  script.OutAll();
  script.connection->OnUnreachable(EHOSTUNREACH);
  EXPECT_STATE(kEstablished, script);
  while (script.Expire()) script.OutAll();
  EXPECT_EQ(EHOSTUNREACH, script.connection->TakeError());
}

TEST(Retransmission, TimerRestsWhenAllIsAcknowledgedAndStartsAnewWhenSomeIs) {
  Script script;
  script.Establish();
  script.Write(std::string(2'920, 'x'));
  script.OutAll();
  script.Pass(milliseconds(100));
  script.Inject({.ack = 1'461});
  EXPECT_GE(*script.connection->Deadline(), script.now + milliseconds(200));
  script.Inject({.ack = 2'921});
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(Retransmission, RepeatedSegmentTellsNothingAboutTheRoundTrip) {
  Script script;
  script.Establish();
  script.Write("a");
  script.OutAll();
  script.Expire();
  script.OutAll();
  script.Pass(seconds(2));
  script.Inject({.ack = 2});
  script.Write("b");
  script.OutAll();
  EXPECT_EQ(script.now + milliseconds(400), script.connection->Deadline());  // still backed off
}

TEST(Retransmission, TimestampTellsTheRoundTripOfARepeatedSegment) {
  Script script;
  script.peer_timestamps = true;
  script.Establish();
  script.Write("a");
  script.OutAll();
  script.Expire();
  script.OutAll();
  const uint32_t value = script.last->tcp.timestamps->value;
  script.Pass(milliseconds(8));
  lab::Packet answer = script.From({.ack = 2});
  answer.tcp.timestamps = {7'300, value};
  script.Deliver(answer);
  script.Write("b");
  script.OutAll();
  EXPECT_LT(*script.connection->Deadline(), script.now + milliseconds(220));
}

// Twenty segments of 1,460 bytes are wanted; ten leave.
void SendTen(Script& script) {
  script.Establish();
  script.Inject({});  // the first window that is scaled
  script.Write(std::string(29'200, 'x'));
  for (int i = 0; i < 10; ++i) ASSERT_NE("", script.Out());
  ASSERT_EQ("", script.Out());
}

TEST(FastRetransmit, ThreeDuplicatesSendTheLostSegmentAgain) {
  Script script;
  SendTen(script);
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 14601:16061 ack 1", script.OutAll());  // limited transmit
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 16061:17521 ack 1", script.OutAll());
  script.Inject({.ack = 1});
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
  EXPECT_EQ(1u, script.connection->retransmissions());
}

TEST(FastRetransmit, PartialAckSendsTheNextHole) {
  Script script;
  SendTen(script);
  for (int i = 0; i < 3; ++i) {
    script.Inject({.ack = 1});
    script.OutAll();
  }
  script.Inject({.ack = 2'921});
  EXPECT_EQ("ACK 2921:4381 ack 1", script.Out());
  script.OutAll();
  script.Inject({.ack = 17'521});  // all that was sent before the loss: recovered
  EXPECT_EQ("ACK 17521:18981 ack 1", script.Out());
  EXPECT_EQ(2u, script.connection->retransmissions());
}

TEST(FastRetransmit, FurtherDuplicatesLetNewSegmentsOut) {
  Script script;
  SendTen(script);
  for (int i = 0; i < 3; ++i) {
    script.Inject({.ack = 1});
    script.OutAll();
  }
  std::string out;
  for (int i = 0; i < 8; ++i) {
    script.Inject({.ack = 1});
    out += script.OutAll();
  }
  EXPECT_NE("", out);
  EXPECT_EQ(1u, script.connection->retransmissions());
}

TEST(FastRetransmit, WindowUpdatesAreNoDuplicates) {
  Script script;
  SendTen(script);
  for (const uint16_t window : {65, 66, 67, 68}) script.Inject({.ack = 1, .window = window});
  script.OutAll();
  EXPECT_EQ(0u, script.connection->retransmissions());
}

TEST(FastRetransmit, TextIsNoDuplicate) {
  Script script;
  SendTen(script);
  for (uint32_t seq = 1; seq < 6; ++seq) script.Inject({.seq = seq, .ack = 1, .text = "x"});
  script.OutAll();
  EXPECT_EQ(0u, script.connection->retransmissions());
}

TEST(Retransmission, AfterATimeoutTheRestFollowsAsItIsAcknowledged) {
  Script script;
  SendTen(script);
  script.Expire();
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());  // one segment: the window is closed to that
  script.Inject({.ack = 1'461});
  EXPECT_EQ("ACK 1461:2921 ack 1; ACK 2921:4381 ack 1", script.OutAll());
  script.Inject({.ack = 14'601});  // the others had arrived
  EXPECT_EQ("ACK 14601:16061 ack 1", script.Out());
}

TEST(Retransmission, WhatIsLostGoesBeforeWhatIsNew) {
  Script script;
  script.options.no_delay = true;
  script.Establish();
  script.Write(std::string(2'920, 'x'));
  script.OutAll();
  script.Expire();
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
  script.Inject({.ack = 701});
  script.Write("y");  // would fit into the congestion window, which the second segment does not
  EXPECT_EQ("", script.OutAll());
  script.Inject({.ack = 1'461});
  EXPECT_EQ("ACK 1461:2921 ack 1; PSH, ACK 2921:2922 ack 1", script.OutAll());
}

TEST(Retransmission, DuplicatesOfTheTimeBeforeATimeoutMeanNothing) {
  Script script;
  SendTen(script);
  script.Expire();
  script.OutAll();
  for (int i = 0; i < 5; ++i) script.Inject({.ack = 1});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ(1u, script.connection->retransmissions());
}

TEST(Retransmission, AnAnswerBeginsThePatienceAnew) {
  Script script;
  script.options.retries2 = 1;
  script.Establish();
  for (uint32_t seq = 1; seq < 5; ++seq) {
    script.Write("x");
    script.OutAll();
    script.Expire();
    EXPECT_NE("", script.OutAll());
    script.Inject({.ack = seq + 1});
    script.Pass(seconds(10));
  }
  EXPECT_STATE(kEstablished, script);
}

TEST(Retransmission, ALongPauseMakesTheWindowSmallAgain) {
  Script script;
  script.Establish();
  uint32_t end = 1;
  for (int round = 0; round < 3; ++round) {  // 10, 20, 40 segments
    script.Write(std::string(40 * 1'460, 'x'));
    end += 40 * 1'460;
    while (script.connection->snd_una() != kOurIss + end) {
      script.OutAll();
      script.Inject({.ack = script.connection->snd_nxt() - kOurIss});
    }
  }
  script.Pass(seconds(10));
  script.Write(std::string(40 * 1'460, 'x'));
  int segments = 0;
  while (!script.Out().empty()) ++segments;
  EXPECT_EQ(10, segments);
}

}  // namespace
}  // namespace sim::tcp
