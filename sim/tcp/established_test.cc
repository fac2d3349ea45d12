// ESTABLISHED: text both ways, windows, retransmission.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

TEST(Established, TextIsSentAndAcknowledged) {
  Script script;
  script.Establish();
  EXPECT_EQ(5u, script.Write("hello"));
  EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
  EXPECT_EQ(5u, script.connection->unacknowledged());
  script.Inject({.ack = 6});
  EXPECT_EQ(0u, script.connection->unacknowledged());
  EXPECT_FALSE(script.connection->Deadline());
}

TEST(Established, TextIsReadInOrder) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ(5u, script.connection->readable());
  EXPECT_EQ("he", script.connection->Read(script.now, 2, true).ToString());
  EXPECT_EQ("he", script.Read(2));
  EXPECT_EQ("llo", script.Read());
}

TEST(Established, FinGivesEndOfFileAfterTheText) {
  Script script;
  script.Establish();
  script.Inject({.text = "bye", .fin = true});
  EXPECT_STATE(kCloseWait, script);
  EXPECT_TRUE(script.connection->peer_finished());
  EXPECT_EQ("bye", script.Read());
}

TEST(Established, ResetFailsTheConnectionAndKeepsWhatArrived) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Inject({.seq = 6, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_TRUE(script.connection->failed());
  EXPECT_EQ("hello", script.Read());
  EXPECT_EQ(ECONNRESET, script.connection->TakeError());
  EXPECT_EQ(0, script.connection->TakeError());
  EXPECT_EQ("", script.OutAll());
}

}  // namespace
}  // namespace sim::tcp
