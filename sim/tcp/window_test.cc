// Windows: what may be sent, what is offered, and the probes of one that is closed.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

// The window that the segment that came out last offers, in bytes.
uint32_t Offered(const Script& script) { return uint32_t{script.last->tcp.window} << 10; }

Options SmallReader() {
  Options options;
  options.receive_buffer = 8'192;
  return options;
}

TEST(ZeroWindow, IsProbedEverMoreSlowly) {
  Script script;
  script.Establish();
  script.Inject({.window = 0});
  script.Write("hello");
  EXPECT_EQ("", script.OutAll());
  EXPECT_FALSE(script.connection->DeadlineMatters());
  Time last = script.now;
  for (const int wait_ms : {200, 400, 800, 1'600}) {
    script.Expire();
    EXPECT_EQ("ACK 0 ack 1", script.OutAll());
    EXPECT_EQ(milliseconds(wait_ms), script.now - last);
    last = script.now;
    script.Inject({.window = 0});
    EXPECT_FALSE(script.connection->DeadlineMatters());
  }
  script.Inject({});
  EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
  EXPECT_TRUE(script.connection->DeadlineMatters());
}

TEST(ZeroWindow, UnansweredProbesMatterAndTimeOut) {
  Script script;
  script.options.retries2 = 3;
  script.Establish();
  script.Inject({.window = 0});
  script.Write("hello");
  script.OutAll();
  for (int i = 0; i < 3; ++i) {
    script.Expire();
    EXPECT_EQ("ACK 0 ack 1", script.OutAll());
    EXPECT_TRUE(script.connection->DeadlineMatters());
  }
  script.Expire();
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(ETIMEDOUT, script.connection->error());
}

TEST(ZeroWindow, NothingToSendIsNoReasonToProbe) {
  Script script;
  script.Establish();
  script.Inject({.window = 0});
  EXPECT_EQ("", script.OutAll());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(ReceiveWindow, ClosesAndTakesWhatItOffered) {
  Script script(SmallReader());
  script.Establish();
  const uint32_t edge = 1 + 8'192;
  uint32_t seq = 1;
  while (seq + 1'000 <= edge) {
    script.Inject({.seq = seq, .text = std::string(1'000, 'x')});
    seq += 1'000;
    ASSERT_NE("", script.OutAll());
    EXPECT_GT(seq + Offered(script), edge - 1'024);  // in whole units
    EXPECT_LE(seq - 1 + Offered(script), 8'192u);
  }
  EXPECT_EQ(8'001u, seq);
  EXPECT_EQ(0u, Offered(script));
  // What was offered first is still taken.
  script.Inject({.seq = seq, .text = std::string(edge - seq, 'x')});
  EXPECT_EQ(8'192u, script.connection->readable());
}

// Fills the buffer of a SmallReader to its last byte; returns the next number.
uint32_t Fill(Script& script) {
  for (uint32_t seq = 1; seq < 8'192; seq += 1'024) {
    script.Inject({.seq = seq, .text = std::string(1'024, 'x')});
    script.OutAll();
  }
  EXPECT_EQ(0u, Offered(script));
  return 8'193;
}

TEST(ReceiveWindow, TextBeyondItIsDroppedAndAcknowledged) {
  Script script(SmallReader());
  script.Establish();
  const uint32_t seq = Fill(script);
  const size_t readable = script.connection->readable();
  script.Inject({.seq = seq, .text = "more"});
  EXPECT_EQ("ACK 1 ack " + std::to_string(seq), script.OutAll());
  EXPECT_EQ(readable, script.connection->readable());
}

TEST(ReceiveWindow, TextPartlyBeyondItIsCut) {
  Script script(SmallReader());
  script.Establish();
  script.Inject({.text = std::string(20'000, 'x'), .fin = true});
  EXPECT_EQ(8'192u, script.connection->readable());
  EXPECT_STATE(kEstablished, script);
}

TEST(ReceiveWindow, ProbeIsAnswered) {
  Script script(SmallReader());
  script.Establish();
  const uint32_t seq = Fill(script);
  script.Inject({.seq = seq - 1});
  EXPECT_EQ("ACK 1 ack " + std::to_string(seq), script.OutAll());
  EXPECT_EQ(0u, Offered(script));
}

TEST(ReceiveWindow, BareFinIsTakenWithoutAWindow) {
  Script script(SmallReader());
  script.Establish();
  const uint32_t seq = Fill(script);
  script.Write("x");
  script.OutAll();
  script.Inject({.seq = seq, .fin = true});
  EXPECT_STATE(kCloseWait, script);
  script.Inject({.seq = seq + 1, .ack = 2});
  EXPECT_EQ(0u, script.connection->unacknowledged());
  script.Expire();
  EXPECT_EQ("ACK 2 ack 8194", script.OutAll());
  EXPECT_EQ(0u, Offered(script));
}

TEST(ReceiveWindow, ReopensOnlyForAFairSpaceAndSaysSo) {
  Script script(SmallReader());
  script.Establish();
  const uint32_t seq = Fill(script);
  script.Read(100);
  EXPECT_EQ("", script.OutAll());
  EXPECT_FALSE(script.connection->AwaitsProbe());
  script.Read(3'000);
  EXPECT_EQ("ACK 1 ack " + std::to_string(seq), script.OutAll());
  EXPECT_GE(Offered(script), 3'000u);
  EXPECT_TRUE(script.connection->AwaitsProbe());
  script.Inject({.seq = 1, .text = "again"});
  script.Inject({.seq = seq});
  EXPECT_TRUE(script.connection->AwaitsProbe());  // neither says that the peer knows
  script.Inject({.seq = seq, .text = "more"});
  EXPECT_FALSE(script.connection->AwaitsProbe());
}

TEST(ReceiveWindow, OpeningASmallOneMayBeMissedToo) {
  Script script(SmallReader());
  script.Establish();
  for (uint32_t seq = 1; seq < 7'000; seq += 1'000) {
    script.Inject({.seq = seq, .text = std::string(1'000, 'x')});
    script.OutAll();
  }
  EXPECT_EQ(1'024u, Offered(script));
  EXPECT_FALSE(script.connection->AwaitsProbe());
  script.Read();
  EXPECT_EQ("ACK 1 ack 7001", script.OutAll());
  EXPECT_TRUE(script.connection->AwaitsProbe());
  script.Inject({.seq = 7'001, .fin = true});
  EXPECT_FALSE(script.connection->AwaitsProbe());
}

TEST(ReceiveWindow, WideningALargeOneIsNotWaitedFor) {
  Script script;
  script.Establish();
  for (uint32_t seq = 1; seq < 16 * 1'460; seq += 1'460) {
    script.Inject({.seq = seq, .text = std::string(1'460, 'x')});
    EXPECT_NE("", script.OutAll());
  }
  const uint32_t before = Offered(script);
  script.Read();
  script.Inject({.seq = 0});
  EXPECT_EQ("ACK 1 ack 23361", script.OutAll());
  EXPECT_GT(Offered(script), before);
  EXPECT_FALSE(script.connection->AwaitsProbe());
}

TEST(ReceiveWindow, DoesNotGrowByCrumbs) {
  Script script;
  script.Establish();
  for (uint32_t seq = 1; seq < 16; ++seq) {
    script.Inject({.seq = seq, .text = "x"});
    script.Read();
    script.OutAll();
  }
  EXPECT_EQ(65'536u, Offered(script));
}

TEST(ReceiveWindow, GrowsToTheBufferAsFullSegmentsCome) {
  Script script;
  script.Establish();
  uint32_t seq = 1;
  for (int i = 0; i < 40; ++i) {
    script.Inject({.seq = seq, .text = std::string(1'000, 'x')});
    script.Read();
    script.OutAll();
    seq += 1'000;
  }
  EXPECT_EQ(131'072u, Offered(script));
}

}  // namespace
}  // namespace sim::tcp
