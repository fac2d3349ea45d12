// ESTABLISHED: text both ways, the end of the stream, resets, and what does not belong.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(Established, TextIsSentAndAcknowledged) {
  Script script;
  script.Establish();
  EXPECT_EQ(5u, script.Write("hello"));
  EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
  EXPECT_EQ("hello", script.last->payload.ToString());
  EXPECT_EQ(5u, script.connection->unacknowledged());
  script.Inject({.ack = 6});
  EXPECT_EQ(0u, script.connection->unacknowledged());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(Established, WriteTakesOnlyWhatTheBufferHolds) {
  Script script;
  script.options.send_buffer = 8;
  script.Establish();
  EXPECT_EQ(8u, script.Write("0123456789"));
  EXPECT_EQ(0u, script.connection->write_space());
  EXPECT_EQ(0u, script.Write("x"));
  script.OutAll();
  script.Inject({.ack = 4});
  EXPECT_EQ(3u, script.connection->write_space());
}

TEST(Established, FinGivesEndOfFileAfterTheText) {
  Script script;
  script.Establish();
  script.Inject({.text = "bye", .fin = true});
  EXPECT_STATE(kCloseWait, script);
  EXPECT_TRUE(script.connection->peer_finished());
  EXPECT_EQ("bye", script.Read());
}

TEST(Established, FinAheadOfAHoleWaits) {
  Script script;
  script.Establish();
  script.Inject({.seq = 4, .fin = true});
  EXPECT_STATE(kEstablished, script);
  EXPECT_FALSE(script.connection->peer_finished());
  script.Inject({.text = "bye"});
  EXPECT_STATE(kCloseWait, script);
  EXPECT_EQ("bye", script.Read());
}

TEST(Established, ResetFailsTheConnectionAndKeepsWhatArrived) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Write("lost");
  script.Inject({.seq = 6, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_TRUE(script.connection->failed());
  EXPECT_TRUE(script.connection->write_shut());
  EXPECT_TRUE(script.connection->read_shut());
  EXPECT_FALSE(script.connection->peer_finished());
  EXPECT_EQ("hello", script.Read());
  EXPECT_EQ(ECONNRESET, script.connection->error());
  EXPECT_EQ(ECONNRESET, script.connection->TakeError());
  EXPECT_EQ(0, script.connection->TakeError());
  EXPECT_EQ("", script.OutAll());
  EXPECT_FALSE(script.connection->Deadline());
  EXPECT_FALSE(script.connection->DeadlineMatters());
}

TEST(Established, ShutdownForReadingKeepsWhatArrives) {
  Script script;
  script.Establish();
  script.connection->ShutdownRead(script.now);
  EXPECT_TRUE(script.connection->read_shut());
  script.Inject({.text = "later"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ("later", script.Read());
}

TEST(Established, SegmentAfterTheEndIsIgnored) {
  Script script;
  script.Establish();
  script.connection->Abort(script.now);
  script.OutAll();
  script.Inject({.text = "hello"});
  script.connection->OnTimer(script.now + seconds(1'000));
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ(0u, script.connection->readable());
}

}  // namespace
}  // namespace sim::tcp
