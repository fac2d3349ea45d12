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

TEST(TailLossProbe, ComesAfterTwoRoundTripsAndIsFollowedByTheTimer) {
  Script script;
  script.options.tail_loss_probe = true;
  script.Connect();
  script.Pass(milliseconds(20));
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  script.OutAll();
  script.Write(std::string(3'000, 'x'));
  script.OutAll();
  const Time begin = script.now;
  script.Expire();
  EXPECT_EQ(begin + milliseconds(48), script.now);  // and two ticks of the kernel's clock
  EXPECT_EQ("PSH, ACK 2921:3001 ack 1", script.OutAll());
  script.Expire();
  EXPECT_EQ(begin + milliseconds(48 + 220), script.now);
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
}

TEST(UserTimeout, ShortensTheLastWait) {
  Script script;
  script.options.user_timeout = milliseconds(1'000);
  script.Establish();
  script.Write("hello");
  script.OutAll();
  const Time begin = script.now;
  for (const int at_ms : {200, 600, 1'200}) {
    script.Expire();
    script.OutAll();
    EXPECT_EQ(begin + milliseconds(at_ms), script.now);
  }
  EXPECT_EQ(ETIMEDOUT, script.connection->TakeError());
}

TEST(UserTimeout, CountsForAClosedWindowFromTheFirstProbeOn) {
  Script script;
  script.options.user_timeout = milliseconds(500);
  script.options.invalid_ratelimit = Duration(0);
  script.Establish();
  script.Inject({.window = 0});
  script.Write("hello");
  script.OutAll();
  const Time begin = script.now;
  while (script.state() != State::kClosed) {
    EXPECT_TRUE(script.connection->DeadlineMatters());
    ASSERT_TRUE(script.Expire());
    if (!script.OutAll().empty()) script.Inject({.window = 0});  // that it is answered does not help
  }
  EXPECT_EQ(begin + milliseconds(700), script.now);
  EXPECT_EQ(ETIMEDOUT, script.connection->TakeError());
}

TEST(KeepAlive, ProbesMatterUntilOneIsAnswered) {
  Script script;
  script.Establish();
  script.connection->SetKeepAlive(script.now, true, seconds(10), seconds(1), 2);
  const Time begin = script.now;
  EXPECT_TRUE(script.connection->DeadlineMatters());
  script.Expire();
  EXPECT_EQ(begin + seconds(10), script.now);
  EXPECT_EQ("ACK 0 ack 1", script.OutAll());
  script.Inject({});
  EXPECT_FALSE(script.connection->DeadlineMatters());
  script.Inject({.text = "x"});
  script.OutAll();
  EXPECT_TRUE(script.connection->DeadlineMatters());
}

TEST(Cork, GivesWayAfterTheRetransmissionTimeout) {
  Script script;
  script.Establish();
  script.connection->SetCork(script.now, true);
  script.Write("ab");
  EXPECT_EQ("", script.OutAll());
  EXPECT_TRUE(script.connection->DeadlineMatters());
  const Time begin = script.now;
  script.Expire();
  EXPECT_EQ(begin + milliseconds(200), script.now);
  EXPECT_EQ("PSH, ACK 1:3 ack 1", script.OutAll());
}

TEST(Challenge, IsSentOnceInAHalfSecond) {
  Script script;
  script.Establish();
  for (int i = 0; i < 2; ++i) {
    script.Inject({.seq = 10, .rst = true});
    EXPECT_EQ("ACK 1 ack 1", script.OutAll());
    script.Inject({.seq = 10, .rst = true});
    script.Inject({.seq = 1, .syn = true, .no_ack = true});
    EXPECT_EQ("", script.OutAll());
    script.Pass(milliseconds(500));
  }
}

}  // namespace
}  // namespace sim::tcp
