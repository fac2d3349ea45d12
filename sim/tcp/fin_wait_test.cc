// FIN-WAIT-1, FIN-WAIT-2, CLOSING and TIME-WAIT: this side has finished first.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(FinWait1, FinIsRepeatedUntilAcknowledged) {
  Script script;
  script.ToFinWait1();
  EXPECT_TRUE(script.connection->DeadlineMatters());
  script.Expire();
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  script.Inject({.ack = 2});
  EXPECT_STATE(kFinWait2, script);
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

TEST(TimeWait, NewerSynMayReopenIt) {
  Script script;
  script.ToTimeWait();
  EXPECT_EQ(kOurIss + 2 + 65'537,
            script.connection->IssToReopen(script.From({.seq = 100'000, .syn = true, .no_ack = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 1, .syn = true, .no_ack = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 100'000, .syn = true})));
  EXPECT_FALSE(script.connection->IssToReopen(script.From({.seq = 100'000})));
}

// As Linux's tcp_twsk_unique: for a connect from a port that was bound.
TEST(TimeWait, MakesWayForAConnectWhereBothSpokeOfTimestamps) {
  Script without;
  without.ToTimeWait();
  EXPECT_FALSE(without.connection->IssToReplace());
  Script script;
  script.peer_timestamps = true;
  script.Connect();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_FALSE(script.connection->IssToReplace());
  script.connection->Close(script.now);
  script.OutAll();
  script.Inject({.ack = 2});
  ASSERT_STREQ("FIN-WAIT-2", Name(script.state()).c_str());
  EXPECT_EQ(kOurIss + 2 + 65'537, script.connection->IssToReplace());
  script.Inject({.ack = 2, .fin = true});
  ASSERT_STREQ("TIME-WAIT", Name(script.state()).c_str());
  EXPECT_EQ(kOurIss + 2 + 65'537, script.connection->IssToReplace());
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

}  // namespace
}  // namespace sim::tcp
