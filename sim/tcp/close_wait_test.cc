// CLOSE-WAIT and LAST-ACK: the peer has finished first.
#include <cerrno>

#include "sim/tcp/harness.h"

namespace sim::tcp {
namespace {

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

TEST(CloseWait, ResetGivesABrokenPipe) {
  Script script;
  script.ToCloseWait();
  script.Inject({.seq = 2, .rst = true});
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ(EPIPE, script.connection->TakeError());
  EXPECT_TRUE(script.connection->peer_finished());
}

}  // namespace
}  // namespace sim::tcp
