// Urgent data: one byte out of band, and a mark in the stream.
#include "tests/segments/script.h"

namespace segments {
namespace {

using Urgent = SegmentTest;

TEST_F(Urgent, LastByteOfAnUrgentWriteIsPointedBehind) {
  script.Establish();
  script.Write("abc", MSG_OOB);
  EXPECT_EQ("ACK, URG 1:4 ack 1 urg 3", script.OutAll());
  script.Inject({.ack = 4});
  script.Write("de");
  EXPECT_EQ("ACK 4:6 ack 1", script.OutAll());
}

TEST_F(Urgent, DoesNotWaitForASmallSegment) {
  script.Establish();
  script.Write("a");
  script.Write("b", MSG_OOB);
  EXPECT_EQ("ACK 1:2 ack 1; ACK, URG 2:3 ack 1 urg 1", script.OutAll());
}

TEST_F(Urgent, ByteIsReadOutOfBandAndNotInTheStream) {
  script.Establish();
  script.Inject({.text = "abc", .urgent = 2});
  EXPECT_TRUE(script.UrgentReady());
  EXPECT_EQ(1u, script.Readable());
  EXPECT_EQ("a", script.Read());
  EXPECT_TRUE(script.AtMark());
  EXPECT_EQ("b", script.Read(1, MSG_OOB | MSG_PEEK));
  EXPECT_EQ("b", script.Read(1, MSG_OOB));
  EXPECT_FALSE(script.UrgentReady());
  EXPECT_EQ("EINVAL", script.Read(1, MSG_OOB));
  EXPECT_EQ("c", script.Read());
  EXPECT_FALSE(script.AtMark());
  EXPECT_EQ("EAGAIN", script.Read());
}

TEST_F(Urgent, ByteThatNobodyReadsIsSteppedOver) {
  script.Establish();
  script.Inject({.text = "abc", .urgent = 2});
  EXPECT_EQ("a", script.Read());
  EXPECT_EQ("c", script.Read(10, MSG_PEEK));
  EXPECT_EQ("c", script.Read());
  EXPECT_EQ("EINVAL", script.Read(1, MSG_OOB));
}

TEST_F(Urgent, InlineByteStaysInTheStreamBehindTheMark) {
  script.Establish();
  script.Set(SOL_SOCKET, SO_OOBINLINE, 1);
  script.Inject({.text = "abc", .urgent = 2});
  EXPECT_EQ(3u, script.Readable());
  EXPECT_EQ("a", script.Read());
  EXPECT_TRUE(script.AtMark());
  EXPECT_EQ("EINVAL", script.Read(1, MSG_OOB));
  EXPECT_EQ("bc", script.Read());
}

TEST_F(Urgent, AnnouncedByteIsAwaited) {
  script.Establish();
  EXPECT_EQ("EINVAL", script.Read(1, MSG_OOB));
  script.Inject({.text = "a", .urgent = 3});
  EXPECT_FALSE(script.UrgentReady());
  EXPECT_EQ("EAGAIN", script.Read(1, MSG_OOB));
  script.Inject({.seq = 2, .text = "bc"});
  EXPECT_TRUE(script.UrgentReady());
  EXPECT_EQ("ab", script.Read());
  EXPECT_EQ("c", script.Read(1, MSG_OOB));
}

TEST_F(Urgent, NewMarkReplacesTheOldOneWhoseByteJoinsTheStream) {
  script.Establish();
  script.Inject({.text = "ab", .urgent = 2});
  script.Inject({.seq = 3, .text = "cd", .urgent = 2});
  EXPECT_EQ("abc", script.Read());
  EXPECT_EQ("d", script.Read(1, MSG_OOB));
}

TEST_F(Urgent, NewMarkDropsAnOldByteThatWasNextToBeRead) {
  script.Establish();
  script.Inject({.text = "ab", .urgent = 2});
  EXPECT_EQ("a", script.Read());
  script.Inject({.seq = 3, .text = "cd", .urgent = 2});
  EXPECT_EQ("c", script.Read());
  EXPECT_EQ("d", script.Read(1, MSG_OOB));
}

TEST_F(Urgent, UnreadByteMakesACloseAReset) {
  script.Establish();
  script.Inject({.text = "a", .urgent = 1});
  EXPECT_EQ("ACK 1 ack 2", script.OutAll());
  EXPECT_EQ("a", script.Read(1, MSG_OOB));
  script.Close();
  EXPECT_EQ("RST, ACK 1 ack 2", script.OutAll());
}

}  // namespace
}  // namespace segments
