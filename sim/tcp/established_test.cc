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

TEST(Established, TextAheadOfAHoleWaitsAndIsReported) {
  Script script;
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  EXPECT_EQ("ACK 1 ack 1", script.Out());
  ASSERT_EQ(1u, script.last->tcp.sack.size());
  EXPECT_EQ((lab::SackBlock{kPeerIss + 6, kPeerIss + 11}), script.last->tcp.sack[0]);
  EXPECT_EQ(0u, script.connection->readable());
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 11", script.Out());
  EXPECT_TRUE(script.last->tcp.sack.empty());
  EXPECT_EQ("helloworld", script.Read());
}

TEST(Established, NoBlocksAreReportedToAPeerThatDoesNotKnowThem) {
  Script script;
  script.peer_sack = false;
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  EXPECT_EQ("ACK 1 ack 1", script.Out());
  EXPECT_TRUE(script.last->tcp.sack.empty());
}

TEST(Established, TextThatCameBeforeIsAcknowledgedAgain) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  script.Inject({.text = "hello, world"});
  EXPECT_EQ("ACK 1 ack 13", script.OutAll());
  EXPECT_EQ("hello, world", script.Read());
}

TEST(Established, TextFromBeforeTheLastAcknowledgementIsOutOfPlace) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Inject({.seq = 1, .ack = 1, .text = "hell"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ(5u, script.connection->readable());
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

TEST(Established, BareFinIsAcknowledgedAtOnce) {
  Script script;
  script.Establish();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 1 ack 2", script.OutAll());
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

TEST(Established, ResetElsewhereInTheWindowIsChallenged) {
  Script script;
  script.Establish();
  script.Inject({.seq = 10, .rst = true});
  EXPECT_STATE(kEstablished, script);
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
}

TEST(Established, ResetOutsideTheWindowIsIgnored) {
  Script script;
  script.Establish();
  script.Inject({.seq = 1'000'000, .rst = true});
  script.Inject({.seq = 0, .rst = true});
  EXPECT_STATE(kEstablished, script);
  EXPECT_EQ("", script.OutAll());
}

TEST(Established, ResetBehindReportedTextCounts) {
  Script script;
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  script.OutAll();
  script.Inject({.seq = 11, .rst = true});
  EXPECT_STATE(kClosed, script);
}

TEST(Established, SynIsChallenged) {
  Script script;
  script.Establish();
  script.Inject({.seq = 1, .syn = true, .no_ack = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_STATE(kEstablished, script);
}

TEST(Established, RepeatedSynAckIsAcknowledgedAgain) {
  Script script;
  script.Establish();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_STATE(kEstablished, script);
}

TEST(Established, AckOfWhatWasNeverSentIsChallengedAndItsTextDropped) {
  Script script;
  script.Establish();
  script.Inject({.ack = 100, .text = "hello"});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.connection->readable());
}

TEST(Established, AckFromLongAgoIsChallengedAndItsTextDropped) {
  Script script;
  script.Establish();
  script.Inject({.ack = 1u - 100'000'000u, .text = "hello"});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.connection->readable());
}

TEST(Established, AckOvertakenByTextStillCounts) {
  Script script;
  script.Establish();
  script.Inject({.text = "ping"});
  script.OutAll();
  script.Write("pong");
  script.OutAll();
  script.Inject({.seq = 5, .text = "ping"});
  script.Inject({.seq = 5, .ack = 5});
  EXPECT_EQ(0u, script.connection->unacknowledged());
  script.Inject({.seq = 4, .ack = 5});
  EXPECT_EQ("ACK 5 ack 9", script.OutAll());  // too old: out of place
}

TEST(Established, SegmentWithoutAckIsDropped) {
  Script script;
  script.Establish();
  script.Inject({.text = "hello", .no_ack = true});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ(0u, script.connection->readable());
}

TEST(Established, SegmentWithAnOldTimestampIsDropped) {
  Script script;
  script.peer_timestamps = true;
  script.Establish();
  lab::Packet packet = script.From({.text = "hello"});
  packet.tcp.timestamps = {6'999, 0};
  script.Deliver(packet);
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.connection->readable());
  packet.tcp.timestamps = {7'005, 0};
  script.Deliver(packet);
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ(7'005u, script.last->tcp.timestamps->echo);
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

TEST(Established, CloseWithUnreadTextResets) {
  Script script;
  script.Establish();
  script.Inject({.text = "unread"});
  script.OutAll();
  script.Write("never sent");
  script.connection->Close(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST, ACK 1 ack 7", script.OutAll());
  script.connection->Close(script.now);
  EXPECT_EQ("", script.OutAll());
}

TEST(Established, AbortResets) {
  Script script;
  script.Establish();
  script.Write("lost");
  script.OutAll();
  script.connection->Abort(script.now);
  EXPECT_STATE(kClosed, script);
  EXPECT_EQ("RST, ACK 5 ack 1", script.OutAll());
  EXPECT_EQ(0, script.connection->error());
  script.connection->Abort(script.now);
  EXPECT_EQ("", script.OutAll());
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

TEST(Established, NumbersWrapAround) {
  for (const uint32_t before : {0u, 1u, 2u, 3u, 5u, 6u}) {
    Script script({}, 0u - before, 0u - before);
    script.Establish();
    script.Write("hello");
    EXPECT_EQ("PSH, ACK 1:6 ack 1", script.OutAll());
    script.Inject({.seq = 6, .ack = 6, .text = "world"});
    script.Inject({.seq = 1, .ack = 6, .text = "hello"});
    EXPECT_EQ("helloworld", script.Read());
    EXPECT_EQ(0u, script.connection->unacknowledged());
    script.connection->Close(script.now);
    EXPECT_EQ("FIN, ACK 6 ack 11", script.OutAll());
    script.Inject({.seq = 11, .ack = 7, .fin = true});
    EXPECT_STATE(kTimeWait, script);
  }
}

}  // namespace
}  // namespace sim::tcp
