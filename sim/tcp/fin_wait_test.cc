// FIN-WAIT-1, FIN-WAIT-2, CLOSING and TIME-WAIT: this side has finished first.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(FinWait1, FinFollowsWhatWasWritten) {
  Script script;
  script.Establish();
  script.Write("bye");
  script.connection->Close(script.now);
  EXPECT_STATE(kFinWait1, script);
  EXPECT_EQ("FIN, PSH, ACK 1:4 ack 1", script.OutAll());
  script.Inject({.ack = 4});
  EXPECT_STATE(kFinWait1, script);
  script.Inject({.ack = 5});
  EXPECT_STATE(kFinWait2, script);
}

TEST(FinWait1, FinIsRepeatedUntilAcknowledged) {
  Script script;
  script.ToFinWait1();
  EXPECT_TRUE(script.connection->DeadlineMatters());
  script.Expire();
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  script.Inject({.ack = 2});
  EXPECT_STATE(kFinWait2, script);
}

TEST(FinWait1, TextAndFinAreRepeatedTogether) {
  Script script;
  script.Establish();
  script.Write("bye");
  EXPECT_EQ("PSH, ACK 1:4 ack 1", script.OutAll());
  script.connection->Close(script.now);
  EXPECT_EQ("FIN, ACK 4 ack 1", script.OutAll());
  script.Expire();
  EXPECT_EQ("FIN, PSH, ACK 1:4 ack 1", script.OutAll());
}

TEST(FinWait1, FinCrossesFin) {
  Script script;
  script.ToFinWait1();
  script.Inject({.fin = true});
  EXPECT_STATE(kClosing, script);
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_STATE(kTimeWait, script);
}

TEST(FinWait1, FinIsAcknowledgedAtOnceEvenInADialogue) {
  Script script;
  script.Establish();
  script.Inject({.text = "ping"});
  script.OutAll();
  script.Write("pong");
  script.connection->ShutdownWrite(script.now);
  EXPECT_EQ("FIN, PSH, ACK 1:5 ack 5", script.OutAll());
  script.Inject({.seq = 5, .fin = true});
  EXPECT_EQ("ACK 6 ack 6", script.OutAll());
}

TEST(FinWait1, FinAndAckTogetherLeadToTimeWait) {
  Script script;
  script.ToFinWait1();
  script.Inject({.ack = 2, .fin = true});
  EXPECT_STATE(kTimeWait, script);
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
}

TEST(FinWait1, OrphanAnswersTextWithReset) {
  Script script;
  script.ToFinWait1();
  script.Inject({.text = "hello"});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST 1", script.OutAll());
}

TEST(FinWait1, OrphanGivesUpSoonerThanAProcess) {
  Script script;
  script.ToFinWait1();
  const Time begin = script.now;
  while (script.Expire()) script.OutAll();
  EXPECT_STATE(kClosed, script);
  EXPECT_GT(script.now - begin, seconds(100));
  EXPECT_LT(script.now - begin, seconds(250));
}

TEST(FinWait2, HalfClosedConnectionStillReceives) {
  Script script;
  script.Establish();
  script.connection->ShutdownWrite(script.now);
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  EXPECT_TRUE(script.connection->write_shut());
  EXPECT_EQ(0u, script.Write("more"));
  script.Inject({.ack = 2});
  EXPECT_STATE(kFinWait2, script);
  EXPECT_FALSE(script.connection->Deadline());  // a process has it: it waits for ever
  script.Inject({.ack = 2, .text = "answer"});
  EXPECT_EQ("answer", script.Read());
  script.OutAll();
  script.Inject({.seq = 7, .ack = 2, .fin = true});
  EXPECT_STATE(kTimeWait, script);
  EXPECT_TRUE(script.connection->peer_finished());
  EXPECT_EQ("ACK 2 ack 8", script.OutAll());
}

TEST(FinWait2, OrphanAnswersTextWithReset) {
  Script script;
  script.ToFinWait2();
  script.Inject({.ack = 2, .text = "hello"});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST 2", script.OutAll());
}

TEST(FinWait2, ShutdownOfBothDirectionsAnswersTextWithReset) {
  Script script;
  script.Establish();
  script.connection->ShutdownRead(script.now);
  script.connection->ShutdownWrite(script.now);
  script.OutAll();
  script.Inject({.ack = 2});
  script.Inject({.ack = 2, .text = "hello"});
  EXPECT_EQ("RST 2", script.OutAll());
  EXPECT_EQ(ECONNRESET, script.connection->TakeError());
}

TEST(FinWait2, OrphanIsForgottenAfterAMinute) {
  Script script;
  script.ToFinWait2();
  const Time begin = script.now;
  EXPECT_FALSE(script.connection->DeadlineMatters());
  script.Expire();
  EXPECT_EQ(begin + seconds(60), script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_FALSE(script.connection->failed());
}

TEST(FinWait2, BecomesAnOrphanByALaterClose) {
  Script script;
  script.options.fin_timeout = seconds(5);
  script.Establish();
  script.connection->ShutdownWrite(script.now);
  script.OutAll();
  script.Inject({.ack = 2});
  EXPECT_FALSE(script.connection->Deadline());
  script.connection->Close(script.now);
  EXPECT_EQ(script.now + seconds(5), script.connection->Deadline());
}

TEST(FinWait2, CloseWithUnreadTextResets) {
  Script script;
  script.Establish();
  script.connection->ShutdownWrite(script.now);
  script.OutAll();
  script.Inject({.ack = 2, .text = "unread"});
  script.OutAll();
  script.connection->Close(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST, ACK 2 ack 7", script.OutAll());
}

TEST(FinWait2, ResetFailsIt) {
  Script script;
  script.Establish();
  script.connection->ShutdownWrite(script.now);
  script.OutAll();
  script.Inject({.ack = 2});
  script.Inject({.ack = 2, .rst = true});
  EXPECT_EQ(ECONNRESET, script.connection->error());
}

TEST(FinWait2, AckOfWhatWasNeverSentIsChallenged) {
  Script script;
  script.ToFinWait2();
  script.Inject({.ack = 100});
  EXPECT_EQ("ACK 2 ack 1", script.OutAll());
  EXPECT_STATE(kFinWait2, script);
}

TEST(Closing, ReachesTimeWaitOnlyByTheAckOfItsFin) {
  Script script;
  script.ToClosing();
  script.Inject({.seq = 2, .ack = 1});
  EXPECT_STATE(kClosing, script);
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_STATE(kTimeWait, script);
}

TEST(Closing, FinAgainIsAcknowledgedAgain) {
  Script script;
  script.ToClosing();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
}

TEST(Closing, ResetBeforeTheFinStillCounts) {
  Script script;
  script.ToClosing();
  script.Inject({.seq = 1, .rst = true});
  EXPECT_STATE(kClosed, script);
}

TEST(Closing, AbortIsSilent) {
  Script script;
  script.ToClosing();
  script.connection->Abort(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("", script.OutAll());
}

TEST(TimeWait, EndsAfterAMinute) {
  Script script;
  script.ToTimeWait();
  const Time begin = script.now;
  EXPECT_FALSE(script.connection->DeadlineMatters());
  script.Expire();
  EXPECT_EQ(begin + seconds(60), script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_FALSE(script.connection->failed());
  EXPECT_EQ(0, script.connection->error());
}

TEST(TimeWait, FinAgainIsAcknowledgedAndTheTimeBeginsAnew) {
  Script script;
  script.ToTimeWait();
  script.Pass(seconds(50));
  script.Inject({.ack = 2, .fin = true});
  EXPECT_EQ("ACK 2 ack 2", script.OutAll());
  EXPECT_EQ(script.now + seconds(60), script.connection->Deadline());
}

TEST(TimeWait, BareAckIsNotAnswered) {
  Script script;
  script.ToTimeWait();
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_EQ("", script.OutAll());
  EXPECT_STATE(kTimeWait, script);
}

TEST(TimeWait, ResetEndsItWithoutAnError) {
  Script script;
  script.ToTimeWait();
  script.Inject({.seq = 1, .ack = 2, .rst = true});
  EXPECT_STATE(kTimeWait, script);
  script.Inject({.seq = 2, .ack = 2, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(0, script.connection->error());
}

TEST(TimeWait, NewerSynMayReopenIt) {
  Script script;
  script.ToTimeWait();
  EXPECT_EQ(kOurIss + 2 + 65'537,
            script.connection->IssToReopen(script.From({.seq = 100'000, .syn = true, .no_ack = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 1, .syn = true, .no_ack = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 100'000, .syn = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 100'000})));
}

TEST(TimeWait, NewerTimestampMayReopenItWhateverItsNumber) {
  Script script;
  script.peer_timestamps = true;
  script.Connect();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  script.connection->Close(script.now);
  script.OutAll();
  script.Inject({.ack = 2, .fin = true});
  ASSERT_STREQ("TIME-WAIT", Name(script.state()).c_str());
  lab::Packet syn = script.From({.seq = 0, .syn = true, .no_ack = true});
  syn.tcp.timestamps = {7'001, 0};
  EXPECT_TRUE(script.connection->IssToReopen(syn));
  syn.tcp.timestamps = {7'000, 0};
  EXPECT_FALSE(script.connection->IssToReopen(syn));
  syn.tcp.timestamps = {6'999, 0};
  syn.tcp.seq += 100'000;
  EXPECT_FALSE(script.connection->IssToReopen(syn));
}

TEST(TimeWait, UnreadTextIsStillThere) {
  Script script;
  script.Establish();
  script.connection->ShutdownWrite(script.now);
  script.OutAll();
  script.Inject({.ack = 2, .text = "last", .fin = true});
  EXPECT_STATE(kTimeWait, script);
  EXPECT_EQ("last", script.Read());
  script.OutAll();
  script.connection->Close(script.now);
  EXPECT_STATE(kTimeWait, script);
  EXPECT_EQ("", script.OutAll());
}

}  // namespace
}  // namespace sim::tcp
