// What each call does in each state, with a socket whose process has not closed it.
#include <cerrno>

#include "tests/segments/script.h"

namespace segments {
namespace {

class Calls : public SegmentTest {
 protected:
  // Where both ends begin at once: in SYN-RECEIVED from a listener no process has the connection yet, here it has.
  void ToSynReceived() {
    script.Connect();
    script.Inject({.seq = 0, .syn = true, .no_ack = true});
    EXPECT_EQ("SYN, ACK 0 ack 1", script.OutAll());
    EXPECT_EQ("SYN-RECEIVED", script.StateName());
  }
  // The states behind the first FIN, by shutdown.
  void ToFinWait1() {
    script.Establish();
    script.ShutdownWrite();
    EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  }
  void ToFinWait2() {
    ToFinWait1();
    script.Inject({.ack = 2});
  }
  void ToClosing() {
    ToFinWait1();
    script.Inject({.fin = true});
    EXPECT_EQ("ACK 2 ack 2", script.OutAll());
  }
  void ToTimeWait() {
    ToFinWait2();
    script.Inject({.ack = 2, .fin = true});
    EXPECT_EQ("ACK 2 ack 2", script.OutAll());
  }
  void ToLastAck() {
    script.ToCloseWait();
    script.ShutdownWrite();
    EXPECT_EQ("FIN, ACK 1 ack 2", script.OutAll());
  }

  void ExpectNothingMoreCanBeSent(std::string_view state) {
    EXPECT_EQ(state, script.StateName());
    EXPECT_EQ(-EPIPE, script.Write("x"));
    EXPECT_EQ(-EPIPE, script.Write("x", MSG_OOB));
    EXPECT_EQ("", script.OutAll());
  }

  // close changes nothing that the peer sees, nor the state.
  void ExpectClosesSilently(std::string_view state) {
    script.Close();
    EXPECT_EQ("", script.OutAll());
    EXPECT_EQ(state, script.StateName());
  }
};

TEST_F(Calls, SynSentIsGivenUpSilently) {
  script.Connect();
  EXPECT_EQ("EAGAIN", script.Read());
  ExpectClosesSilently("CLOSED");
  script.Inject({.seq = 0, .syn = true});
  EXPECT_EQ("RST 1", script.OutAll());
}

TEST_F(Calls, SynSentIsAbortedSilently) {
  script.Connect();
  script.Abort();
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, SynReceivedWaitsForTheOtherEnd) {
  ToSynReceived();
  EXPECT_EQ("EAGAIN", script.Read());
  EXPECT_EQ(-EAGAIN, script.Write("x"));
  EXPECT_EQ(-EAGAIN, script.Write("x", MSG_OOB));
  EXPECT_EQ("0", script.Error());
  EXPECT_EQ("", script.OutAll());
  script.Inject({});
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ(1, script.Write("x"));
  EXPECT_EQ("ACK 1:2 ack 1", script.OutAll());
}

TEST_F(Calls, SynReceivedReadsNothingOnceThatIsShut) {
  ToSynReceived();
  script.ShutdownRead();
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
}

TEST_F(Calls, SynReceivedShutForWritingSendsItsFinOnceItStands) {
  ToSynReceived();
  script.ShutdownWrite();
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("SYN-RECEIVED", script.StateName());
  EXPECT_EQ(-EAGAIN, script.Write("x"));
  script.Inject({});
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
  EXPECT_EQ("FIN-WAIT-1", script.StateName());
}

// Linux sends the FIN at once; in the simulation it follows the end of the handshake.
TEST_F(Calls, SynReceivedIsClosedByOneFin) {
  ToSynReceived();
  script.Close();
  std::string sent = script.OutAll();
  script.Inject({});
  sent += script.OutAll();
  EXPECT_EQ("FIN, ACK 1 ack 1", sent);
  EXPECT_EQ("FIN-WAIT-1", script.StateName());
  script.Inject({.ack = 2});
  EXPECT_EQ("FIN-WAIT-2", script.StateName());
}

TEST_F(Calls, SynReceivedIsAborted) {
  ToSynReceived();
  script.Abort();
  EXPECT_EQ("RST, ACK 1 ack 1", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, EstablishedSendsAndReceives) {
  script.Establish();
  EXPECT_EQ("EAGAIN", script.Read());
  EXPECT_EQ(1, script.Write("x"));
  EXPECT_EQ("ACK 1:2 ack 1", script.OutAll());
  script.ShutdownRead();
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("", script.OutAll());
  script.Close();
  EXPECT_EQ("FIN, ACK 2 ack 1", script.OutAll());
  EXPECT_EQ("FIN-WAIT-1", script.StateName());
}

TEST_F(Calls, FinWait1ReceivesOnly) {
  ToFinWait1();
  ExpectNothingMoreCanBeSent("FIN-WAIT-1");
  EXPECT_EQ("EAGAIN", script.Read());
  script.Inject({.text = "x"});
  EXPECT_EQ("x", script.Read());
  script.OutAll();
  script.ShutdownWrite();
  ExpectClosesSilently("FIN-WAIT-1");
}

TEST_F(Calls, FinWait1IsAborted) {
  ToFinWait1();
  script.Abort();
  EXPECT_EQ("RST, ACK 2 ack 1", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, FinWait2ReceivesOnly) {
  ToFinWait2();
  ExpectNothingMoreCanBeSent("FIN-WAIT-2");
  EXPECT_EQ("EAGAIN", script.Read());
  script.Inject({.ack = 2, .text = "x"});
  EXPECT_EQ("x", script.Read());
  script.OutAll();
  script.ShutdownWrite();
  ExpectClosesSilently("FIN-WAIT-2");
}

TEST_F(Calls, FinWait2IsAborted) {
  ToFinWait2();
  script.Abort();
  EXPECT_EQ("RST, ACK 2 ack 1", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, CloseWaitSendsOnly) {
  script.ToCloseWait();
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ(1, script.Write("x"));
  EXPECT_EQ("ACK 1:2 ack 2", script.OutAll());
  script.ShutdownRead();
  EXPECT_EQ("CLOSE-WAIT", script.StateName());
  script.Close();
  EXPECT_EQ("FIN, ACK 2 ack 2", script.OutAll());
  EXPECT_EQ("LAST-ACK", script.StateName());
}

TEST_F(Calls, CloseWaitIsAborted) {
  script.ToCloseWait();
  script.Abort();
  EXPECT_EQ("RST, ACK 1 ack 2", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, ClosingHasEnded) {
  ToClosing();
  ExpectNothingMoreCanBeSent("CLOSING");
  EXPECT_EQ("end of file", script.Read());
  ExpectClosesSilently("CLOSING");
}

TEST_F(Calls, LastAckHasEnded) {
  ToLastAck();
  ExpectNothingMoreCanBeSent("LAST-ACK");
  EXPECT_EQ("end of file", script.Read());
  ExpectClosesSilently("LAST-ACK");
}

TEST_F(Calls, TimeWaitIsTheHostsAlone) {
  ToTimeWait();
  ExpectNothingMoreCanBeSent("TIME-WAIT");
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("0", script.Error());
  ExpectClosesSilently("TIME-WAIT");
}

TEST_F(Calls, ClosedByAResetTellsItOnce) {
  script.Establish();
  script.Inject({.rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ(-ECONNRESET, script.Write("x"));
  ExpectNothingMoreCanBeSent("CLOSED");
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("0", script.Error());
  ExpectClosesSilently("CLOSED");
}

TEST_F(Calls, ClosedByAResetGivesWhatCameBeforeAndThenTheError) {
  script.Establish();
  script.Inject({.text = "x"});
  script.OutAll();
  script.Inject({.seq = 2, .rst = true});
  EXPECT_EQ("x", script.Read());
  EXPECT_EQ("ECONNRESET", script.Read());
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ(-EPIPE, script.Write("x"));
}

TEST_F(Calls, ClosedByARefusalSaysSo) {
  script.Connect();
  script.Inject({.seq = 0, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("ECONNREFUSED", script.Error());
  EXPECT_EQ("0", script.Error());
  EXPECT_EQ(-EPIPE, script.Write("x"));
  EXPECT_EQ("", script.OutAll());
  ExpectClosesSilently("CLOSED");
}

TEST_F(Calls, ClosedIsAbortedSilently) {
  script.Establish();
  script.Inject({.rst = true});
  script.Abort();
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Calls, AReadTakesWhatCameBeforeTheEnd) {
  script.Establish();
  script.Inject({.text = "x", .fin = true});
  EXPECT_EQ("x", script.Read());
  EXPECT_EQ("end of file", script.Read());
  EXPECT_EQ("CLOSE-WAIT", script.StateName());
}

}  // namespace
}  // namespace segments
