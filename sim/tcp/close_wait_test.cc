// CLOSE-WAIT and LAST-ACK: the peer has finished first.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(CloseWait, StillSends) {
  Script script;
  script.ToCloseWait();
  script.Write("answer");
  EXPECT_EQ("PSH, ACK 1:7 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 7});
  EXPECT_EQ(0u, script.connection->unacknowledged());
}

TEST(CloseWait, CloseLeadsOverLastAckToTheEnd) {
  Script script;
  script.ToLastAck();
  script.Inject({.seq = 2, .ack = 1});
  EXPECT_STATE(kLastAck, script);
  script.Inject({.seq = 2, .ack = 2});
  EXPECT_STATE(kClosed, script);
  EXPECT_FALSE(script.connection->failed());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(CloseWait, TextWrittenBeforeCloseIsRepeatedWhenLost) {
  Script script;
  script.ToCloseWait();
  script.Write("answer");
  script.connection->Close(script.now);
  EXPECT_EQ("FIN, PSH, ACK 1:7 ack 2", script.OutAll());
  script.Expire();
  EXPECT_EQ("FIN, PSH, ACK 1:7 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 8});
  EXPECT_STATE(kClosed, script);
}

TEST(CloseWait, FinAgainIsAcknowledgedAgain) {
  Script script;
  script.ToCloseWait();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 1 ack 2", script.OutAll());
}

TEST(CloseWait, TextBeyondTheFinIsIgnored) {
  Script script;
  script.ToCloseWait();
  script.Inject({.seq = 2, .text = "ghost"});
  EXPECT_EQ(0u, script.connection->readable());
  EXPECT_STATE(kCloseWait, script);
}

TEST(CloseWait, ResetGivesABrokenPipe) {
  Script script;
  script.ToCloseWait();
  script.Inject({.seq = 2, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(EPIPE, script.connection->TakeError());
  EXPECT_TRUE(script.connection->peer_finished());
}

TEST(CloseWait, ResetThatDoesNotCountTheFinCounts) {
  Script script;
  script.ToCloseWait();
  script.Inject({.seq = 1, .rst = true});
  EXPECT_STATE(kClosed, script);
}

TEST(CloseWait, CloseWithUnreadTextResets) {
  Script script;
  script.Establish();
  script.Inject({.text = "unread", .fin = true});
  script.OutAll();
  script.connection->Close(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST, ACK 1 ack 8", script.OutAll());
}

TEST(CloseWait, AbortResets) {
  Script script;
  script.ToCloseWait();
  script.connection->Abort(script.now);
  EXPECT_EQ("RST, ACK 1 ack 2", script.OutAll());
}

TEST(LastAck, ResetEndsIt) {
  Script script;
  script.ToLastAck();
  script.Inject({.seq = 2, .ack = 1, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(ECONNRESET, script.connection->error());
}

TEST(LastAck, AbortIsSilentOnceAllIsSent) {
  Script script;
  script.ToLastAck();
  script.connection->Abort(script.now);
  EXPECT_EQ("", script.OutAll());
  EXPECT_STATE(kClosed, script);
}

TEST(LastAck, AbortResetsWhileSomethingIsUnsent) {
  Script script;
  script.ToCloseWait();
  script.Write(std::string(50'000, 'x'));
  script.connection->Close(script.now);
  script.OutAll();  // ten segments: the rest waits
  script.connection->Abort(script.now);
  EXPECT_EQ("RST, ACK 14601 ack 2", script.OutAll());
}

}  // namespace
}  // namespace sim::tcp
