// SYN-SENT: an attempt to connect.
#include <cerrno>
#include <memory>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(SynSent, OffersWhatLinuxOffers) {
  Script script;
  script.connection = std::make_unique<Connection>(kUs, kPeer, kOurIss, Options{});
  EXPECT_EQ("SYN 0", script.Out());
  const lab::TcpHeader& tcp = script.last->tcp;
  EXPECT_EQ(65'495, tcp.mss);
  EXPECT_EQ(65'495, tcp.window);
  EXPECT_EQ(10, tcp.window_scale);
  EXPECT_TRUE(tcp.sack_permitted);
  EXPECT_TRUE(tcp.timestamps);
  EXPECT_EQ("", script.Out());
}

TEST(SynSent, OffersAWindowOfWholeSegments) {
  Script script;
  script.options.mtu = 1'500;
  script.connection = std::make_unique<Connection>(kUs, kPeer, kOurIss, script.options);
  script.Out();
  EXPECT_EQ(1'460, script.last->tcp.mss);
  EXPECT_EQ(64'240, script.last->tcp.window);
}

TEST(SynSent, SynAckEstablishes) {
  Script script;
  script.Connect();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_STATE(kEstablished, script);
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(SynSent, ResetRefuses) {
  Script script;
  script.Connect();
  script.Inject({.seq = 0, .ack = 1, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_TRUE(script.connection->failed());
  EXPECT_EQ(ECONNREFUSED, script.connection->error());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(SynSent, ResetForSomethingElseIsIgnored) {
  Script script;
  script.Connect();
  script.Inject({.seq = 0, .ack = 7, .rst = true});
  script.Inject({.seq = 0, .rst = true, .no_ack = true});
  EXPECT_STATE(kSynSent, script);
  EXPECT_EQ("", script.OutAll());
}

TEST(SynSent, SynIsRepeatedEverySecondAndThenMoreSlowlyUntilItTimesOut) {
  Script script;
  script.Connect();
  const Time begin = script.now;
  for (const int at : {1, 2, 3, 4, 5, 7, 11, 19, 35, 67}) {
    ASSERT_TRUE(script.Expire());
    EXPECT_EQ(begin + seconds(at), script.now);
    EXPECT_EQ("SYN 0", script.OutAll());
    EXPECT_TRUE(script.connection->DeadlineMatters());
  }
  ASSERT_TRUE(script.Expire());
  EXPECT_EQ(begin + seconds(131), script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(ETIMEDOUT, script.connection->TakeError());
  EXPECT_EQ("", script.OutAll());
  EXPECT_FALSE(script.Expire());
}

TEST(SynSent, FewerRetriesTimeOutSooner) {
  Script script;
  script.options.syn_retries = 1;
  script.options.syn_linear_timeouts = 0;
  script.Connect();
  const Time begin = script.now;
  script.Expire();
  EXPECT_EQ("SYN 0", script.OutAll());
  script.Expire();
  EXPECT_EQ(begin + seconds(3), script.now);
  EXPECT_EQ(ETIMEDOUT, script.connection->error());
}

TEST(SynSent, RetriesStandForATimeToo) {
  Script script;
  script.options.syn_retries = 1;
  script.Connect();
  const Time begin = script.now;
  while (script.Expire()) script.OutAll();
  EXPECT_EQ(begin + seconds(3), script.now);  // not after all of the linear ones
  EXPECT_EQ(ETIMEDOUT, script.connection->error());
}

TEST(SynSent, LateAnswerToARepeatedSynEstablishes) {
  Script script;
  script.Connect();
  script.Expire();
  EXPECT_EQ("SYN 0", script.OutAll());
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_STATE(kEstablished, script);
  EXPECT_EQ(1u, script.connection->retransmissions());
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  // Nothing was learnt about the round trip.
  const Time begin = script.now;
  script.Write("x");
  script.OutAll();
  script.Expire();
  EXPECT_EQ(begin + seconds(3), script.now);
}

TEST(SynSent, TimestampsTellTheRoundTripOfARepeatedSyn) {
  Script script;
  script.Connect();
  script.Expire();
  script.OutAll();
  const uint32_t value = script.last->tcp.timestamps->value;
  script.Pass(milliseconds(50));
  lab::Packet answer = script.From({.seq = 0, .ack = 1, .syn = true});
  answer.tcp.timestamps = {7'000, value};
  script.Deliver(answer);
  script.OutAll();
  const Time begin = script.now;
  script.Write("x");
  script.OutAll();
  script.Expire();
  EXPECT_EQ(begin + milliseconds(250), script.now);
}

TEST(SynSent, UnreachableFailsAtOnce) {
  Script script;
  script.Connect();
  script.connection->OnUnreachable(EHOSTUNREACH);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(EHOSTUNREACH, script.connection->TakeError());
}

TEST(SynSent, TwoConnectionsThatOpenAtOnceMeet) {
  const Time now{0};
  const auto a = std::make_unique<Connection>(kUs, kPeer, 1, Options{});
  const auto b = std::make_unique<Connection>(kPeer, kUs, 9, Options{});
  const auto swap = [&](Connection& from, Connection& to) {
    std::vector<lab::Packet> packets;
    for (lab::Packet packet; from.NextSegment(now, packet);) packets.push_back(packet);
    return [&to, packets, now] {
      for (const lab::Packet& packet : packets) to.OnSegment(now, packet);
    };
  };
  for (int i = 0; i < 4; ++i) {
    const auto to_b = swap(*a, *b);
    const auto to_a = swap(*b, *a);
    to_b();
    to_a();
  }
  EXPECT_EQ("ESTABLISHED", Name(a->state()));
  EXPECT_EQ("ESTABLISHED", Name(b->state()));
}

TEST(SynSent, WhatWasWrittenBeforeFollowsTheHandshake) {
  Script script;
  script.Connect();
  script.Write("early");
  EXPECT_EQ("", script.OutAll());
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
}

}  // namespace
}  // namespace sim::tcp
