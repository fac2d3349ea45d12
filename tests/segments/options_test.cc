// Options of a connection that show in its segments.
#include "tests/segments/script.h"

namespace segments {
namespace {

using KeepAlive = SegmentTest;
using UserTimeout = SegmentTest;
using Cork = SegmentTest;
using QuickAck = SegmentTest;
using MaxSegment = SegmentTest;
using DeferAccept = SegmentTest;

void SetKeepAlive(Script& script, int idle_s, int interval_s, int count) {
  script.Set(IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
  script.Set(IPPROTO_TCP, TCP_KEEPINTVL, interval_s);
  script.Set(IPPROTO_TCP, TCP_KEEPCNT, count);
  script.Set(SOL_SOCKET, SO_KEEPALIVE, 1);
}

TEST_F(KeepAlive, SilentPeerIsAskedAndThenGivenUp) {
  script.Establish();
  SetKeepAlive(script, 1, 1, 2);
  EXPECT_EQ("ACK 0 ack 1", script.Await());
  EXPECT_EQ("ACK 0 ack 1", script.Await());
  EXPECT_EQ("RST, ACK 1 ack 1", script.Await());
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("ETIMEDOUT", script.Read());
  EXPECT_EQ("end of file", script.Read());
}

TEST_F(KeepAlive, AnswerBeginsTheCountAnew) {
  script.Establish();
  SetKeepAlive(script, 1, 1, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ("ACK 0 ack 1", script.Await());
    script.Inject({});
  }
  EXPECT_EQ("ESTABLISHED", script.StateName());
}

TEST_F(KeepAlive, AcceptedConnectionIsKeptAliveToo) {
  script.EstablishPassive();
  SetKeepAlive(script, 1, 1, 1);
  EXPECT_EQ("ACK 0 ack 1", script.Await());
  EXPECT_EQ("RST, ACK 1 ack 1", script.Await());
  EXPECT_EQ("ETIMEDOUT", script.Error());
}

TEST_F(KeepAlive, HalfClosedConnectionIsGivenUpToo) {
  script.Establish();
  script.ShutdownWrite();
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  script.Inject({.ack = 2});
  SetKeepAlive(script, 1, 1, 1);
  EXPECT_EQ("ACK 1 ack 1", script.Await());
  EXPECT_EQ("RST, ACK 2 ack 1", script.Await());
  EXPECT_EQ("ETIMEDOUT", script.Read());
}

TEST_F(KeepAlive, UserTimeoutDecidesInsteadOfTheCount) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1'500);
  SetKeepAlive(script, 1, 1, 9);
  EXPECT_EQ("ACK 0 ack 1", script.Await());
  EXPECT_EQ("RST, ACK 1 ack 1", script.Await());
  EXPECT_EQ("ETIMEDOUT", script.Read());
}

TEST_F(UserTimeout, EndsAConnectionWhoseDataIsNotAcknowledged) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_USER_TIMEOUT, 500);
  script.Write("hello");
  EXPECT_EQ("ACK 1:6 ack 1", script.OutAll());
  EXPECT_EQ("ACK 1:6 ack 1", script.Await());
  EXPECT_EQ("ACK 1:6 ack 1", script.Await());
  EXPECT_TRUE(script.AwaitState("CLOSED"));
  EXPECT_EQ("ETIMEDOUT", script.Read());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(UserTimeout, EndsAConnectionWhoseWindowStaysClosed) {
  script.Establish();
  script.Inject({.window = 0});
  script.Set(IPPROTO_TCP, TCP_USER_TIMEOUT, 500);
  script.Write("hello");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ("ACK 0 ack 1", script.Await());
    script.Inject({.window = 0});  // that it is answered does not help
  }
  EXPECT_TRUE(script.AwaitState("CLOSED"));
  EXPECT_EQ("ETIMEDOUT", script.Read());
}

TEST_F(UserTimeout, EndsAnAttemptToConnect) {
  script.Connect();
  script.Set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1'500);
  EXPECT_EQ("SYN 0", script.Await());
  EXPECT_TRUE(script.AwaitState("CLOSED"));
  EXPECT_EQ("ETIMEDOUT", script.Error());
}

TEST_F(Cork, HoldsASmallSegmentUntilItIsPulled) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_CORK, 1);
  script.Write("ab");
  EXPECT_EQ("", script.OutAll());
  script.Write("cd");
  EXPECT_EQ("", script.OutAll());
  script.Set(IPPROTO_TCP, TCP_CORK, 0);
  EXPECT_EQ("ACK 1:5 ack 1", script.OutAll());
}

TEST_F(Cork, LetsFullSegmentsThrough) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_CORK, 1);
  script.Write(std::string(1'500, 'x'));
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
  script.Inject({.ack = 1'461});
  EXPECT_EQ("", script.OutAll());
}

TEST_F(Cork, GivesWayAfterAWhile) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_CORK, 1);
  script.Write("ab");
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("ACK 1:3 ack 1", script.Await());
  script.Inject({.ack = 3});
  script.Write("cd");
  EXPECT_EQ("", script.OutAll());
}

TEST_F(Cork, NoDelayPushesWhatWaitsButNotWhatComesLater) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_CORK, 1);
  script.Write("ab");
  script.Set(IPPROTO_TCP, TCP_NODELAY, 1);
  EXPECT_EQ("ACK 1:3 ack 1", script.OutAll());
  script.Write("cd");
  EXPECT_EQ("", script.OutAll());
}

TEST_F(Cork, FinPushes) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_CORK, 1);
  script.Write("ab");
  script.ShutdownWrite();
  EXPECT_EQ("FIN, ACK 1:3 ack 1", script.OutAll());
}

TEST_F(Cork, MoreToComeHoldsASegmentUntilTheNextWrite) {
  script.Establish();
  script.Write("ab", MSG_MORE);
  EXPECT_EQ("", script.OutAll());
  script.Write("cd");
  EXPECT_EQ("ACK 1:5 ack 1", script.OutAll());
}

TEST_F(Cork, MoreToComeGivesWayToAnAcknowledgement) {
  script.Establish();
  script.Write(std::string(1'460, 'x'));
  script.Write("ab", MSG_MORE);
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
  script.Inject({.ack = 1'461});
  EXPECT_EQ("ACK 1461:1463 ack 1", script.OutAll());
}

TEST_F(QuickAck, OffHasAcknowledgementsWaitForData) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_QUICKACK, 0);
  script.Inject({.text = "ping"});
  EXPECT_EQ("", script.OutAll());
  script.Write("pong");
  EXPECT_EQ("ACK 1:5 ack 5", script.OutAll());
}

TEST_F(QuickAck, OnSendsWhatWaitsOnceItIsRead) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_QUICKACK, 0);
  script.Inject({.text = "ping"});
  EXPECT_EQ("ping", script.Read());
  EXPECT_EQ("", script.OutAll());
  script.Set(IPPROTO_TCP, TCP_QUICKACK, 1);
  EXPECT_EQ("ACK 1 ack 5", script.OutAll());
  script.Inject({.seq = 5, .text = "ping"});
  EXPECT_EQ("ACK 1 ack 9", script.OutAll());
}

TEST_F(MaxSegment, BoundsWhatIsOfferedAndWhatIsSent) {
  script.settings.max_segment = 500;
  script.Connect();
  EXPECT_EQ(500, script.last->tcp.mss);
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  script.Write(std::string(1'000, 'x'));
  EXPECT_EQ("ACK 1:501 ack 1; ACK 501:1001 ack 1", script.OutAll());
}

TEST_F(DeferAccept, BareAckDoesNotCompleteTheHandshakeButDataDoes) {
  script.settings.defer_accept_s = 5;
  script.AcceptSyn();
  script.Inject({});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ("hello", script.Read());
}

TEST_F(DeferAccept, AckThatComesAfterTheTimeCompletesIt) {
  script.settings.defer_accept_s = 1;
  script.AcceptSyn();
  script.Inject({});
  EXPECT_EQ("SYN, ACK 0 ack 1", script.Await());
  script.Inject({});
  EXPECT_EQ("ESTABLISHED", script.StateName());
}

TEST_F(DeferAccept, FinCompletesIt) {
  script.settings.defer_accept_s = 5;
  script.AcceptSyn();
  script.Inject({.fin = true});
  EXPECT_EQ("CLOSE-WAIT", script.StateName());
}

// MSG_MORE: what is held back goes when the connection looks for something to send, which Linux does not do for text
// that is as it was predicted: the next in order, with the window as it is, and nothing new acknowledged.
class More : public SegmentTest {
 protected:
  void EstablishAndHold() {
    script.EstablishPassive();
    EXPECT_EQ(4, script.Write("held", MSG_MORE));
    EXPECT_EQ("", script.OutAll());
  }
};

TEST_F(More, PredictedTextSendsNothing) {
  EstablishAndHold();
  for (uint32_t seq = 1; seq < 4; ++seq) {
    script.Inject({.seq = seq, .text = "x"});
    EXPECT_EQ("ACK 1 ack " + std::to_string(seq + 1), script.OutAll());
  }
}

TEST_F(More, TextWithAnotherWindowSends) {
  EstablishAndHold();
  script.Inject({.text = "x", .window = 63});
  EXPECT_EQ("ACK 1:5 ack 2", script.OutAll());
}

TEST_F(More, TextOutOfOrderSends) {
  EstablishAndHold();
  script.Inject({.seq = 2, .text = "x"});
  EXPECT_EQ("ACK 1:5 ack 1 sack 2-3", script.OutAll());
}

TEST_F(More, ABareAcknowledgementOfNothingNewSends) {
  EstablishAndHold();
  script.Inject({});
  EXPECT_EQ("ACK 1:5 ack 1", script.OutAll());
}

TEST_F(More, TextWithAFinSends) {
  EstablishAndHold();
  script.Inject({.text = "x", .fin = true});
  EXPECT_EQ("ACK 1:5 ack 3", script.OutAll());
}

TEST_F(More, TextInFrontOfAHoleSends) {
  script.EstablishPassive();
  script.Inject({.seq = 2, .text = "y"});
  EXPECT_EQ("ACK 1 ack 1 sack 2-3", script.OutAll());
  EXPECT_EQ(4, script.Write("held", MSG_MORE));
  EXPECT_EQ("", script.OutAll());
  script.Inject({.text = "x"});
  EXPECT_EQ("ACK 1:5 ack 3", script.OutAll());
}

TEST_F(More, TextBehindAnUrgentByteThatIsNotReadSends) {
  script.EstablishPassive();
  script.Inject({.text = "u", .urgent = 1});
  EXPECT_EQ("ACK 1 ack 2", script.OutAll());
  EXPECT_EQ(4, script.Write("held", MSG_MORE));
  EXPECT_EQ("", script.OutAll());
  script.Inject({.seq = 2, .text = "x"});
  EXPECT_EQ("ACK 1:5 ack 3", script.OutAll());
}

// With window scaling a client predicts nothing before it has looked at a segment behind the handshake.
TEST_F(More, OfAClientTheFirstTextSendsAndTheNextDoesNot) {
  script.peer_syn_window = 63 * 1024;
  script.Establish();
  EXPECT_EQ(4, script.Write("held", MSG_MORE));
  script.Inject({.text = "x", .window = 63});
  EXPECT_EQ("ACK 1:5 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 5, .window = 63});
  EXPECT_EQ(4, script.Write("more", MSG_MORE));
  script.Inject({.seq = 2, .ack = 5, .text = "x", .window = 63});
  EXPECT_EQ("", script.OutAll());
}

TEST_F(More, OfAClientWithoutScalingTheFirstTextSendsNothing) {
  script.peer_scale.reset();
  script.peer_syn_window = 1'000;
  script.Establish();
  EXPECT_EQ(4, script.Write("held", MSG_MORE));
  script.Inject({.text = "x", .window = 1'000});
  EXPECT_EQ("ACK 1 ack 2", script.OutAll());
}

}  // namespace
}  // namespace segments
