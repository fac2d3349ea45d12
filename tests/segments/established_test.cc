// ESTABLISHED: text both ways, the end of the stream, resets, and what does not belong.
#include "tests/segments/script.h"

namespace segments {
namespace {

using Established = SegmentTest;

TEST_F(Established, TextIsReadInOrder) {
  script.Establish();
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ(5u, script.Readable());
  EXPECT_EQ("he", script.Read(2, MSG_PEEK));
  EXPECT_EQ("he", script.Read(2));
  EXPECT_EQ("llo", script.Read());
}

TEST_F(Established, TextAheadOfAHoleWaitsAndIsReported) {
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  EXPECT_EQ("ACK 1 ack 1 sack 6-11", script.Out());
  EXPECT_EQ(0u, script.Readable());
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 11", script.Out());
  EXPECT_TRUE(script.last->tcp.sack.empty());
  EXPECT_EQ("helloworld", script.Read());
}

TEST_F(Established, BlocksTakeTheirRoomFromTheText) {
  script.settings.mtu = 1'500;
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  script.OutAll();
  script.Write(std::string(3'000, 'x'));
  EXPECT_EQ(
      "ACK 1:1449 ack 1 sack 6-11; ACK 1449:2897 ack 1 sack 6-11; "
      "ACK 2897:3001 ack 1 sack 6-11",
      script.OutAll());
  script.Inject({.seq = 16, .ack = 3'001, .text = "again"});
  script.OutAll();
  script.Write(std::string(1'460, 'x'));
  EXPECT_EQ("ACK 3001:4441 ack 1 sack 16-21, 6-11; ACK 4441:4461 ack 1 sack 16-21, 6-11", script.OutAll());
}

TEST_F(Established, TextThatIsRepeatedMakesRoomForBlocks) {
  script.settings.mtu = 1'500;
  script.Establish();
  script.Write(std::string(1'460, 'x'));
  EXPECT_EQ("ACK 1:1461 ack 1", script.OutAll());
  script.Inject({.seq = 6, .text = "world"});
  EXPECT_EQ("ACK 1461 ack 1 sack 6-11", script.OutAll());
  EXPECT_EQ("ACK 1:1449 ack 1 sack 6-11", script.Await());
  script.Inject({.ack = 1'449});
  EXPECT_EQ("ACK 1449:1461 ack 1 sack 6-11", script.OutAll());
}

TEST_F(Established, NoBlocksAreReportedToAPeerThatDoesNotKnowThem) {
  script.peer_sack = false;
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  EXPECT_EQ("ACK 1 ack 1", script.Out());
  EXPECT_TRUE(script.last->tcp.sack.empty());
}

TEST_F(Established, TextThatCameBeforeIsAcknowledgedAgain) {
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Inject({.text = "hello"});
  EXPECT_EQ("ACK 1 ack 6 sack 1-6", script.OutAll());
  script.Inject({.text = "hello, world"});
  EXPECT_EQ("ACK 1 ack 13 sack 1-6", script.OutAll());
  EXPECT_EQ("hello, world", script.Read());
}

TEST_F(Established, TextFromBeforeTheLastAcknowledgementIsOutOfPlace) {
  script.Establish();
  script.Inject({.text = "hello"});
  script.OutAll();
  script.Inject({.seq = 1, .ack = 1, .text = "hell"});
  EXPECT_EQ("ACK 1 ack 6 sack 1-5", script.OutAll());
  EXPECT_EQ(5u, script.Readable());
}

TEST_F(Established, BareFinIsAcknowledged) {
  script.Establish();
  script.Inject({.fin = true});
  EXPECT_EQ("ACK 1 ack 2", script.Await());
}

TEST_F(Established, ResetElsewhereInTheWindowIsChallenged) {
  script.Establish();
  script.Inject({.seq = 10, .rst = true});
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
}

TEST_F(Established, ResetOutsideTheWindowIsIgnored) {
  script.Establish();
  script.Inject({.seq = 1'000'000, .rst = true});
  script.Inject({.seq = 0, .rst = true});
  EXPECT_EQ("ESTABLISHED", script.StateName());
  EXPECT_EQ("", script.OutAll());
}

TEST_F(Established, ResetBehindReportedTextCounts) {
  script.Establish();
  script.Inject({.seq = 6, .text = "world"});
  script.OutAll();
  script.Inject({.seq = 11, .rst = true});
  EXPECT_EQ("CLOSED", script.StateName());
}

TEST_F(Established, SynIsChallenged) {
  script.Establish();
  script.Inject({.seq = 1, .syn = true, .no_ack = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ("ESTABLISHED", script.StateName());
}

TEST_F(Established, RepeatedSynAckIsAcknowledgedAgain) {
  script.Establish();
  script.Inject({.seq = 0, .ack = 1, .syn = true});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ("ESTABLISHED", script.StateName());
}

TEST_F(Established, AckOfWhatWasNeverSentIsChallengedAndItsTextDropped) {
  script.Establish();
  script.Inject({.ack = 100, .text = "hello"});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.Readable());
}

TEST_F(Established, AckFromLongAgoIsChallengedAndItsTextDropped) {
  script.Establish();
  script.Inject({.ack = 1u - 100'000'000u, .text = "hello"});
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.Readable());
}

TEST_F(Established, AckOvertakenByTextStillCounts) {
  script.Establish();
  script.Inject({.text = "ping"});
  script.OutAll();
  script.Write("pong");
  script.OutAll();
  script.Inject({.seq = 5, .text = "ping"});
  script.Inject({.seq = 5, .ack = 5});
  EXPECT_EQ(0u, script.Unacknowledged());
  script.Inject({.seq = 4, .ack = 5});
  EXPECT_EQ("ACK 5 ack 9", script.OutAll());  // too old: out of place
}

TEST_F(Established, SegmentWithoutAckIsDropped) {
  script.Establish();
  script.Inject({.text = "hello", .no_ack = true});
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ(0u, script.Readable());
}

TEST_F(Established, SegmentWithAnOldTimestampIsDropped) {
  script.peer_timestamps = true;
  script.Establish();
  lab::Packet packet = script.From({.text = "hello"});
  packet.tcp.timestamps = {6'998, 0};
  script.Deliver(packet);
  EXPECT_EQ("ACK 1 ack 1", script.OutAll());
  EXPECT_EQ(0u, script.Readable());
  packet.tcp.timestamps = {7'005, 0};
  script.Deliver(packet);
  EXPECT_EQ("ACK 1 ack 6", script.OutAll());
  EXPECT_EQ(7'005u, script.last->tcp.timestamps->echo);
}

TEST_F(Established, CloseWithUnreadTextResets) {
  script.Establish();
  script.Inject({.text = "unread"});
  script.OutAll();
  script.Write("hello");
  script.Close();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("ACK 1:6 ack 7; RST, ACK 6 ack 7", script.OutAll());
}

TEST_F(Established, AbortResets) {
  script.Establish();
  script.Write("lost");
  script.OutAll();
  script.Abort();
  EXPECT_EQ("CLOSED", script.StateName());
  EXPECT_EQ("RST, ACK 5 ack 1", script.OutAll());
}

// At the SYN, inside of the text, and at the FIN.
TEST_F(Established, NumbersWrapAround) {
  for (const uint32_t before : {1u, 2u, 3u, 5u, 6u}) {
    Script wrapping(0u - before, 0u - before);
    wrapping.Establish();
    wrapping.Write("hello");
    EXPECT_EQ("ACK 1:6 ack 1", wrapping.OutAll());
    wrapping.Inject({.seq = 6, .ack = 6, .text = "world"});
    EXPECT_EQ("ACK 6 ack 1 sack 6-11", wrapping.OutAll());
    wrapping.Inject({.seq = 1, .ack = 6, .text = "hello"});
    EXPECT_EQ("ACK 6 ack 11", wrapping.OutAll());
    EXPECT_EQ("helloworld", wrapping.Read());
    EXPECT_EQ(0u, wrapping.Unacknowledged());
    wrapping.Close();
    EXPECT_EQ("FIN, ACK 6 ack 11", wrapping.OutAll());
    wrapping.Inject({.seq = 11, .ack = 7, .fin = true});
    EXPECT_EQ("TIME-WAIT", wrapping.StateName());
  }
}

}  // namespace
}  // namespace segments
