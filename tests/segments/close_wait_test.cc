// CLOSE-WAIT and LAST-ACK: the peer has finished first.
#include "tests/segments/script.h"

namespace segments {
namespace {

using CloseWait = SegmentTest;
using LastAck = SegmentTest;

TEST_F(CloseWait, StillSends) {
  script.ToCloseWait();
  script.Write("answer");
  EXPECT_EQ("ACK 1:7 ack 2", script.OutAll());
  script.Inject({.seq = 2, .ack = 7});
  EXPECT_EQ(0u, script.Unacknowledged());
}

TEST_F(CloseWait, TextWrittenBeforeCloseIsRepeatedWhenLost) {
  script.ToCloseWait();
  script.Write("answer");
  script.Close();
  EXPECT_EQ("ACK 1:7 ack 2; FIN, ACK 7 ack 2", script.OutAll());
  EXPECT_EQ("FIN, ACK 1:7 ack 2", script.Await());
  script.Inject({.seq = 2, .ack = 8});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(CloseWait, FinAgainIsAcknowledgedAgain) {
  script.ToCloseWait();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 1 ack 2 sack 1-2", script.OutAll());
}

TEST_F(CloseWait, TextBeyondTheFinIsIgnored) {
  script.ToCloseWait();
  script.Inject({.seq = 2, .text = "ghost"});
  EXPECT_EQ(0u, script.Readable());
  EXPECT_EQ("CLOSE-WAIT", script.StateName());
}

TEST_F(CloseWait, ResetThatDoesNotCountTheFinCounts) {
  script.ToCloseWait();
  script.Inject({.seq = 1, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(CloseWait, CloseWithUnreadTextResets) {
  script.Establish();
  script.Inject({.text = "unread", .fin = true});
  script.OutAll();
  script.Close();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST, ACK 1 ack 8", script.OutAll());
}

TEST_F(CloseWait, AbortResets) {
  script.ToCloseWait();
  script.Abort();
  EXPECT_EQ("RST, ACK 1 ack 2", script.OutAll());
}

TEST_F(LastAck, ResetEndsIt) {
  script.ToLastAck();
  script.Inject({.seq = 2, .ack = 1, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(LastAck, AbortIsSilentOnceAllIsSent) {
  script.ToCloseWait();
  script.ShutdownWrite();
  EXPECT_EQ("FIN, ACK 1 ack 2", script.OutAll());
  script.Abort();
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(LastAck, AbortResetsWhileSomethingIsUnsent) {
  script.ToCloseWait();
  script.Write(std::string(50'000, 'x'));
  script.ShutdownWrite();
  script.OutAll();  // ten segments: the rest waits
  script.Abort();
  EXPECT_EQ("RST, ACK 14601 ack 2", script.OutAll());
}

}  // namespace
}  // namespace segments
