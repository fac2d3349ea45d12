// What is sent when, and sent again: Nagle, delayed acknowledgements, loss.
#include "tests/segments/script.h"

namespace segments {
namespace {

using Nagle = SegmentTest;
using DelayedAck = SegmentTest;

TEST_F(Nagle, SmallSegmentWaitsForAnotherSmallOne) {
  script.Establish();
  script.Write("ab");
  EXPECT_EQ("ACK 1:3 ack 1", script.OutAll());
  script.Write("cd");
  script.Write("ef");
  EXPECT_EQ("", script.OutAll());
  script.Inject({.ack = 3});
  EXPECT_EQ("ACK 3:7 ack 1", script.OutAll());
}

TEST_F(Nagle, SmallSegmentDoesNotWaitForAFullOne) {
  script.Establish();
  script.Write(std::string(1'460, 'x'));
  script.Write("ab");
  EXPECT_EQ("ACK 1:1461 ack 1; ACK 1461:1463 ack 1", script.OutAll());
}

TEST_F(Nagle, FinPushesWhatWaits) {
  script.Establish();
  script.Write("ab");
  script.OutAll();
  script.Write("cd");
  script.ShutdownWrite();
  EXPECT_EQ("FIN, ACK 3:5 ack 1", script.OutAll());
}

TEST_F(Nagle, NoDelaySendsAtOnce) {
  script.Establish();
  script.Write("ab");
  script.OutAll();
  script.Write("cd");
  script.Set(IPPROTO_TCP, TCP_NODELAY, 1);
  EXPECT_EQ("ACK 3:5 ack 1", script.OutAll());
  script.Write("ef");
  EXPECT_EQ("ACK 5:7 ack 1", script.OutAll());
}

TEST_F(DelayedAck, ReadingAllOfAStreamSendsIt) {
  script.Establish();
  for (uint32_t seq = 1; seq <= 16; ++seq) {
    script.Inject({.seq = seq, .text = "x"});
    EXPECT_NE("", script.OutAll());
  }
  script.Inject({.seq = 17, .text = "x"});
  EXPECT_EQ("", script.OutAll());
  script.Read();
  EXPECT_EQ("ACK 1 ack 18", script.OutAll());
}

}  // namespace
}  // namespace segments
