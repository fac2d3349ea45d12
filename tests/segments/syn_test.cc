// SYN-SENT: an attempt to connect.
#include "tests/segments/script.h"

namespace segments {
namespace {

using SynSent = SegmentTest;

TEST_F(SynSent, AcknowledgementOfSomethingElseIsReset) {
  script.Connect();
  script.Inject({.seq = 70, .ack = 50});
  EXPECT_EQ("RST 50", script.OutAll());
  EXPECT_EQ("SYN 0", script.Await());  // once more, soon: the way may be free now
  EXPECT_EQ("SYN-SENT", script.StateName());
  script.Inject({.seq = 0, .ack = 0, .syn = true});
  EXPECT_EQ("RST 0", script.OutAll());
  EXPECT_EQ("SYN-SENT", script.StateName());
}

TEST_F(SynSent, SegmentWithoutSynIsIgnored) {
  script.Connect();
  script.Inject({.text = "hello"});
  EXPECT_EQ("SYN-SENT", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(SynSent, CloseEndsItSilently) {
  script.Connect();
  script.Close();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(SynSent, AbortEndsItSilently) {
  script.Connect();
  script.Abort();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(SynSent, ShutdownEndsItWithAReset) {
  script.Connect();
  script.ShutdownWrite();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("ECONNRESET", script.Error());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(SynSent, SimultaneousOpenEstablishesBothWays) {
  script.Connect();
  script.Inject({.seq = 0, .syn = true, .no_ack = true});
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
  EXPECT_EQ("SYN, ACK 0 ack 1", script.OutAll());
  script.Inject({.seq = 0, .ack = 1, .syn = true});  // the peer's answer to ours
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ("ACK 1 ack 1 sack 0-1", script.OutAll());
  script.Write("x");
  EXPECT_EQ("ACK 1:2 ack 1", script.OutAll());
}

}  // namespace
}  // namespace segments
