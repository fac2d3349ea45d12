// Windows: what may be sent, what is offered, and the probes of one that is closed.
#include "tests/segments/script.h"

namespace segments {
namespace {

using SendWindow = SegmentTest;
using ZeroWindow = SegmentTest;

TEST_F(SendWindow, IsKeptTo) {
  script.peer_scale.reset();
  script.Establish();
  script.Inject({.window = 0});
  script.Inject({.window = 3'000});
  script.Write(std::string(4'000, 'x'));
  EXPECT_EQ("ACK 1:1461 ack 1; ACK 1461:2921 ack 1; ACK 2921:3001 ack 1", script.OutAll());
  script.Inject({.ack = 3'001, .window = 3'000});
  EXPECT_EQ("ACK 3001:4001 ack 1", script.OutAll());
}

TEST_F(SendWindow, SegmentsAreHalfOfTheLargestWindow) {
  script.peer_mss = 65'495;
  script.Establish();
  script.Write(std::string(100'000, 'x'));
  EXPECT_EQ("ACK 1:32121 ack 1; ACK 32121:64241 ack 1", script.OutAll());
}

TEST_F(SendWindow, SegmentsKeepRoomForTimestamps) {
  script.peer_timestamps = true;
  script.Establish();
  script.Write(std::string(3'000, 'x'));
  EXPECT_EQ("ACK 1:1449 ack 1; ACK 1449:2897 ack 1; ACK 2897:3001 ack 1", script.OutAll());
}

TEST_F(SendWindow, FinWaitsForASpaceOfItsOwn) {
  script.peer_scale.reset();
  script.Establish();
  script.Inject({.window = 0});
  script.Inject({.window = 10});
  script.Write("0123456789");
  script.ShutdownWrite();
  EXPECT_EQ("ACK 1:11 ack 1", script.OutAll());
  script.Inject({.ack = 11, .window = 0});
  EXPECT_EQ("", script.OutAll());
  script.Inject({.ack = 11, .window = 10});
  EXPECT_EQ("FIN, ACK 11 ack 1", script.OutAll());
}

TEST_F(SendWindow, VerySmallOneIsFilledByOneSegment) {
  script.Connect();
  lab::Packet answer = script.From({.seq = 0, .ack = 1, .syn = true});
  answer.tcp.window = 400;
  script.Deliver(answer);
  script.OutAll();
  script.Write(std::string(400, 'x'));
  EXPECT_EQ("ACK 1:401 ack 1", script.OutAll());
}

TEST_F(SendWindow, OlderSegmentDoesNotChangeIt) {
  script.Establish();
  script.Inject({.text = "hello"});
  script.Inject({.seq = 6, .text = "world"});
  script.OutAll();
  script.Inject({.seq = 1, .text = "helloworld", .window = 0});
  EXPECT_EQ("ACK 1 ack 11 sack 1-11", script.OutAll());
  script.Write("x");
  EXPECT_EQ("ACK 1:2 ack 11", script.OutAll());
}

TEST_F(SendWindow, SameNumbersMayCloseIt) {
  script.Establish();
  script.Inject({});
  script.Inject({.window = 0});
  script.Write("x");
  EXPECT_EQ("", script.OutAll());
}

TEST_F(ZeroWindow, FinIsAReasonToProbe) {
  script.Establish();
  script.Inject({.window = 0});
  script.Close();
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("ACK 0 ack 1", script.Await());
  script.Inject({});
  EXPECT_EQ("FIN, ACK 1 ack 1", script.OutAll());
}

TEST_F(ZeroWindow, WindowSmallerThanASegmentIsUsedOnlyByTheProbe) {
  script.peer_scale.reset();
  script.Establish();
  script.Inject({.window = 0});
  script.Inject({.window = 100});
  script.Write(std::string(1'000, 'x'));
  EXPECT_EQ("", script.OutAll());
  EXPECT_EQ("ACK 1:101 ack 1", script.Await());
}

}  // namespace
}  // namespace segments
