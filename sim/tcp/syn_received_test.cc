// SYN-RECEIVED: a client wants to connect.
#include <cerrno>
#include <memory>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(SynReceived, AnswersWithWhatWasOffered) {
  Script script;
  script.peer_timestamps = true;
  const lab::Packet syn = script.From({.seq = 0, .syn = true, .no_ack = true});
  script.connection = std::make_unique<Connection>(syn, kOurIss, Options{});
  EXPECT_EQ("SYN, ACK 0 ack 1", script.Out());
  const lab::TcpHeader& tcp = script.last->tcp;
  EXPECT_EQ(65'495, tcp.mss);
  EXPECT_EQ(65'483, tcp.window);
  EXPECT_EQ(10, tcp.window_scale);
  EXPECT_TRUE(tcp.sack_permitted);
  ASSERT_TRUE(tcp.timestamps);
  EXPECT_EQ(7'000u, tcp.timestamps->echo);
  EXPECT_EQ(kPeer, script.connection->remote());
  EXPECT_EQ(kUs, script.connection->local());
}

TEST(SynReceived, OffersNothingThatWasNotOffered) {
  Script script;
  script.peer_scale.reset();
  script.peer_sack = false;
  const lab::Packet syn = script.From({.seq = 0, .syn = true, .no_ack = true});
  script.connection = std::make_unique<Connection>(syn, kOurIss, Options{});
  script.Out();
  EXPECT_FALSE(script.last->tcp.window_scale);
  EXPECT_FALSE(script.last->tcp.sack_permitted);
  EXPECT_FALSE(script.last->tcp.timestamps);
}

TEST(SynReceived, AckEstablishes) {
  Script script;
  script.AcceptSyn();
  script.Inject({});
  EXPECT_STATE(kEstablished, script);
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(SynReceived, AnotherSynInTheWindowEndsIt) {
  Script script;
  script.AcceptSyn();
  script.Inject({.seq = 101, .syn = true, .no_ack = true});
  lab::Packet reset;
  ASSERT_TRUE(script.connection->NextSegment(script.now, reset));
  EXPECT_TRUE(reset.tcp.rst);
  EXPECT_EQ(kPeerIss + 102, reset.tcp.ack);
  EXPECT_STATE(kClosed, script);
}

TEST(SynReceived, SynAckIsRepeatedUntilItTimesOut) {
  Script script;
  script.AcceptSyn();
  const Time begin = script.now;
  for (const int at : {1, 3, 7, 15, 31}) {
    ASSERT_TRUE(script.Expire());
    EXPECT_EQ(begin + seconds(at), script.now);
    EXPECT_EQ("SYN, ACK 0 ack 1", script.OutAll());
  }
  ASSERT_TRUE(script.Expire());
  EXPECT_EQ(begin + seconds(63), script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(ETIMEDOUT, script.connection->error());
}

TEST(SynReceived, UnreachableEndsIt) {
  Script script;
  script.AcceptSyn();
  script.connection->OnUnreachable(EHOSTUNREACH);
  EXPECT_STATE(kClosed, script);
}

// What a host answers where it has no connection.
TEST(NoConnection, SynIsRefused) {
  Script script;
  const auto reset = Connection::ResetFor(script.From({.seq = 0, .syn = true, .no_ack = true}));
  ASSERT_TRUE(reset);
  EXPECT_TRUE(reset->tcp.rst);
  EXPECT_EQ(0u, reset->tcp.seq);
  EXPECT_EQ(kPeerIss + 1, reset->tcp.ack);
  EXPECT_EQ(kUs, reset->source);
  EXPECT_EQ(kPeer, reset->destination);
}

TEST(NoConnection, SegmentWithAckIsResetAtItsAck) {
  Script script;
  const auto reset = Connection::ResetFor(script.From({.ack = 42, .text = "hello"}));
  ASSERT_TRUE(reset);
  EXPECT_EQ(kOurIss + 42, reset->tcp.seq);
  EXPECT_FALSE(reset->tcp.ack_flag);
}

TEST(NoConnection, ResetIsNotAnswered) {
  Script script;
  EXPECT_FALSE(Connection::ResetFor(script.From({.rst = true})));
}

TEST(SynReceived, CloseBeforeTheAckSendsFinAfterIt) {
  Script script;
  script.AcceptSyn();
  script.connection->Close(script.now);
  EXPECT_STATE(kSynReceived, script);
  EXPECT_EQ("", script.OutAll());
  script.Inject({});
  EXPECT_STATE(kFinWait1, script);
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
}

TEST(SynReceived, AbortResets) {
  Script script;
  script.AcceptSyn();
  script.connection->Abort(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST, ACK 1 ack 1", script.OutAll());
}

}  // namespace
}  // namespace sim::tcp
