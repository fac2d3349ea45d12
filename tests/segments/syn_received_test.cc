// SYN-RECEIVED: a client wants to connect.
#include "tests/segments/script.h"

namespace segments {
namespace {

class SynReceived : public SegmentTest {
 protected:
  // After a segment that was challenged: nothing of it was taken, and the next one's text is.
  void ExpectChallenged() {
    EXPECT_EQ("ACK 1 ack 1", script.OutAll());
    EXPECT_EQ("SYN-RECEIVED", script.StateName());
    script.Inject({.text = "world"});
    EXPECT_EQ("ESTABLISHED", script.StateName());
    EXPECT_EQ("ACK 1 ack 6", script.OutAll());
    EXPECT_EQ("world", script.Read());
  }
};

TEST_F(SynReceived, AckMayCarryText) {
  script.AcceptSyn();
  script.Inject({.text = "hello"});
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ("hello", script.Read());
}

TEST_F(SynReceived, AckMayCarryTextAndFin) {
  script.AcceptSyn();
  script.Inject({.text = "hello", .fin = true});
  EXPECT_EQ("CLOSE-WAIT", script.StateName());
  EXPECT_EQ("hello", script.Read());
}

TEST_F(SynReceived, SynAgainIsAnsweredAgain) {
  script.AcceptSyn();
  script.Inject({.seq = 0, .syn = true, .no_ack = true});
  EXPECT_EQ("SYN, ACK 0 ack 1", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(SynReceived, WrongAckIsReset) {
  script.AcceptSyn();
  script.Inject({.ack = 100});
  EXPECT_EQ("RST 100", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(SynReceived, SegmentWithoutAckIsIgnored) {
  script.AcceptSyn();
  script.Inject({.text = "hello", .no_ack = true});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(SynReceived, ResetEndsIt) {
  script.AcceptSyn();
  script.Inject({.rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(SynReceived, ResetElsewhereInTheWindowIsChallenged) {
  script.AcceptSyn();
  script.Inject({.seq = 101, .rst = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(SynReceived, SynAckIsChallenged) {
  script.AcceptSyn();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  ExpectChallenged();
}

TEST_F(SynReceived, SynAckWithAnotherAckIsReset) {
  script.AcceptSyn();
  script.Inject({.seq = 0, .ack = 100, .syn = true});
  EXPECT_EQ("RST 100", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(SynReceived, SynAckWithTextIsChallenged) {
  script.AcceptSyn();
  script.Inject({.seq = 0, .ack = 1, .text = "hello", .syn = true});
  ExpectChallenged();
}

TEST_F(SynReceived, OfASimultaneousOpenSynAckWithTextIsChallenged) {
  script.Connect();
  script.Inject({.seq = 0, .syn = true, .no_ack = true});
  script.OutAll();
  script.Inject({.seq = 0, .ack = 1, .text = "hello", .syn = true});
  ExpectChallenged();
}

}  // namespace
}  // namespace segments
