// FIN-WAIT-1, FIN-WAIT-2, CLOSING and TIME-WAIT: this side has finished first.
#include "tests/segments/script.h"

namespace segments {
namespace {

using FinWait1 = SegmentTest;
using FinWait2 = SegmentTest;
using Closing = SegmentTest;
using TimeWait = SegmentTest;

TEST_F(FinWait1, FinFollowsWhatWasWritten) {
  script.Establish();
  script.Write("bye");
  script.Close();
  EXPECT_EQ("FIN-WAIT-1", script.StateName());
  EXPECT_EQ("ACK 1:4 ack 1; FIN, ACK 4 ack 1", script.OutAll());
  script.Inject({.ack = 4});
  EXPECT_EQ("FIN-WAIT-1", script.StateName());
  script.Inject({.ack = 5});
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
}

TEST_F(FinWait1, TextAndFinAreRepeatedTogether) {
  script.Establish();
  script.Write("bye");
  EXPECT_EQ("ACK 1:4 ack 1", script.OutAll());
  script.Close();
  EXPECT_EQ("FIN, ACK 4 ack 1", script.OutAll());
  EXPECT_EQ("FIN, ACK 1:4 ack 1", script.Await());
}

TEST_F(FinWait1, FinCrossesFin) {
  script.ToFinWait1();
  script.Inject({.fin = true});
  EXPECT_EQ("CLOSING", script.StateName());
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_EQ("TIME-WAIT", script.StateName());
}

TEST_F(FinWait1, FinIsAcknowledgedAtOnceEvenInADialogue) {
  script.Establish();
  script.Inject({.text = "ping"});
  script.OutAll();
  script.Write("pong");
  script.ShutdownWrite();
  EXPECT_EQ("ACK 1:5 ack 5; FIN, ACK 5 ack 5", script.OutAll());
  script.Inject({.seq = 5, .fin = true});
  EXPECT_EQ("ACK 6 ack 6", script.OutAll());
}

TEST_F(FinWait1, FinAndAckTogetherLeadToTimeWait) {
  script.ToFinWait1();
  script.Inject({.ack = 2, .fin = true});
  EXPECT_EQ("TIME-WAIT", script.StateName());
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
}

TEST_F(FinWait1, OrphanAnswersTextWithReset) {
  script.ToFinWait1();
  script.Inject({.text = "hello"});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST 1", script.OutAll());
}

TEST_F(FinWait2, OrphanAnswersTextWithReset) {
  script.ToFinWait2();
  script.Inject({.ack = 2, .text = "hello"});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST 2", script.OutAll());
}

TEST_F(FinWait2, ShutdownOfBothDirectionsAnswersTextWithReset) {
  script.Establish();
  script.ShutdownRead();
  script.ShutdownWrite();
  script.OutAll();
  script.Inject({.ack = 2});
  script.Inject({.ack = 2, .text = "hello"});
  EXPECT_EQ("RST 2", script.OutAll());
  EXPECT_EQ("ECONNRESET", script.Error());
}

TEST_F(FinWait2, CloseWithUnreadTextResets) {
  script.Establish();
  script.ShutdownWrite();
  script.OutAll();
  script.Inject({.ack = 2, .text = "unread"});
  script.OutAll();
  script.Close();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST, ACK 2 ack 7", script.OutAll());
}

TEST_F(FinWait2, ResetFailsIt) {
  script.Establish();
  script.ShutdownWrite();
  script.OutAll();
  script.Inject({.ack = 2});
  script.Inject({.ack = 2, .rst = true});
  EXPECT_EQ("ECONNRESET", script.Error());
}

TEST_F(FinWait2, AckOfWhatWasNeverSentIsChallenged) {
  script.Establish();
  script.ShutdownWrite();
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  script.Inject({.ack = 2});
  script.Inject({.ack = 100});
  EXPECT_EQ("ACK 2 ack 1", script.OutAll());
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
}

TEST_F(FinWait2, OrphanIgnoresAcksOfWhatWasNeverSent) {
  script.ToFinWait2();
  script.Inject({.ack = 100});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
}

TEST_F(FinWait2, AnOrphanMayBeGivenATimeOfItsOwn) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_LINGER2, 1);
  script.Close();
  script.OutAll();
  script.Inject({.ack = 2});
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
  script.Pass(seconds(2));
  EXPECT_TRUE(script.AwaitState("CLOSED"));
  EXPECT_EQ("", script.OutAll());
}

TEST_F(FinWait2, AnOrphanMayBeGivenNoTimeAtAll) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_LINGER2, -1);
  script.Close();
  script.OutAll();
  script.Inject({.ack = 2});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST 2", script.OutAll());
}

TEST_F(FinWait2, ClosedWithoutTimeItIsReset) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_LINGER2, -1);
  script.ShutdownWrite();
  script.OutAll();
  script.Inject({.ack = 2});
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
  script.Close();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST, ACK 2 ack 1", script.OutAll());
}

TEST_F(FinWait2, WithoutTimeAFinIsResetToo) {
  script.Establish();
  script.Set(IPPROTO_TCP, TCP_LINGER2, -1);
  script.Close();
  script.OutAll();
  script.Inject({.ack = 2, .fin = true});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST 2", script.OutAll());
}

TEST_F(Closing, ReachesTimeWaitOnlyByTheAckOfItsFin) {
  script.ToClosing();
  script.Inject({.seq = 2, .ack = 1});
  EXPECT_EQ("CLOSING", script.StateName());
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_EQ("TIME-WAIT", script.StateName());
}

TEST_F(Closing, FinAgainIsAcknowledgedAgain) {
  script.ToClosing();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 2 ack 2 sack 1-2", script.OutAll());
}

TEST_F(Closing, ResetBeforeTheFinStillCounts) {
  script.ToClosing();
  script.Inject({.seq = 1, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Closing, AbortIsSilent) {
  script.Establish();
  script.ShutdownWrite();
  script.Inject({.fin = true});
  EXPECT_EQ("FIN, ACK 1 ack 1; ACK 2 ack 2", script.OutAll());
  EXPECT_EQ("CLOSING", script.StateName());
  script.Abort();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(TimeWait, BareAckIsNotAnswered) {
  script.ToTimeWait();
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("TIME-WAIT", script.StateName());
}

TEST_F(TimeWait, ResetEndsItWithoutAnError) {
  script.ToTimeWait();
  script.Inject({.seq = 1, .ack = 2, .rst = true});
  EXPECT_EQ("TIME-WAIT", script.StateName());
  script.Inject({.seq = 2, .ack = 2, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(TimeWait, UnreadTextIsStillThere) {
  script.Establish();
  script.ShutdownWrite();
  script.OutAll();
  script.Inject({.ack = 2, .text = "last", .fin = true});
  EXPECT_EQ("TIME-WAIT", script.StateName());
  EXPECT_EQ("last", script.Read());
  script.OutAll();
  script.Close();
  EXPECT_EQ("TIME-WAIT", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

}  // namespace
}  // namespace segments
