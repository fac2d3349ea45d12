#include "lab/trace/ladder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "lab/trace/ladder_canvas.h"
#include "lab/trace/story_for_test.h"

namespace lab {
namespace {

const Endpoint kServer{Story::AddressOf(1), 9999};

// The server to the right, the client's handshake done at 20 µs.
Story Connected() {
  Story story;
  story.At(0).Call(0, DUET_CALL_CONNECT, {3}, 0, 0, 21, "", kServer).Send(0, 1, {"S", 1000});
  story.At(10).Send(1, 0, {"SA", 5000, 1001}).At(20).Send(0, 1, {"A", 1001, 5001});
  return story;
}

size_t Lines(const std::string& text) { return static_cast<size_t>(std::count(text.begin(), text.end(), '\n')); }

TEST(LadderTest, DrawsTheLecturesClientAndServer) {
  EXPECT_EQ(Ladder(Greeting().trace(), {}), R"(        ms  client                                      server
     0.002  │                                           ● bind(3, 0.0.0.0:9999)
     0.003  │                                           ● listen(3, 5)
     0.006  ● connect(3, server:9999) …                 │
            ├── SYN ───────────────────────────────────▶│
     0.016  │◀────────────────────────────── SYN, ACK ──┤
     0.026  ├── ACK ───────────────────────────────────▶│
     0.027  ● connect(3) = 0                            │
     0.037  │                                           ● accept(3) = 4
            │                                           ● send(4) = 20 "Hi we are connected!"
            │◀────────────────────────────── 20 bytes ──┤
     0.038  │                                           ● close(4)
            │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌─────────────── FIN ──┤
     0.047  ├── ACK ───────────────────────────────────▶│
     0.048  ● recv(3) = 20 "Hi we are connected!"       │
            │◀─ FIN ──────────────╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│
            ├── ACK ───────────────────────────────────▶│
     0.050  ● recv(3) = 0 end of file                   │
            ● write(1) = 20 "Hi we are connected!"      │
     0.052  ● close(3)                                  │
            ├── FIN ───────────────────────────────────▶│
     0.053  ○ exited with status 0                      │
     0.062  │◀─────────────────────────────────── ACK ──┤
)");
}

TEST(LadderTest, FoldsATransferAndNumbersWhatWasLost) {
  Story story = Connected();
  const std::string data(1460, 'x');
  uint32_t seq = 5001;
  int64_t now = 100;
  for (int i = 0; i < 100; ++i, now += 50) {
    story.At(now).Call(1, DUET_CALL_SEND, {4, 1460, 0}, 1460, 0, 1, data).Send(1, 0, {"A", seq, 1001, data});
    seq += 1460;
    story.At(now + 10).Send(0, 1, {"A", 1001, seq});
    story.At(now + 5).Call(0, DUET_CALL_RECV, {3, 4096, 0}, 1460, 0, 7, data);
  }
  Story::Segment lost{"A", seq, 1001, data};
  lost.cause = "loss";
  lost.arrived = false;
  Story::Segment closed_window{"A", 1001, seq + 1460};
  closed_window.window = 0;
  story.At(now).Send(1, 0, lost);
  story.At(now + 200'000).Send(1, 0, {"A", seq, 1001, data});
  story.At(now + 200'010).Send(0, 1, closed_window);
  EXPECT_EQ(Ladder(story.trace(), {}), R"(        ms  client                                      server
     0.000  ● connect(3, server:9999) …                 │
            ├── SYN ───────────────────────────────────▶│
     0.010  │◀────────────────────────────── SYN, ACK ──┤
     0.020  ├── ACK 1 ─────────────────────────────────▶│
     0.021  ● connect(3) = 0                            │
     0.100  │                                           ● send(4) = 1460 "xxxxxxxxxxxxxxxxxxxxxxxx…
            │◀───────────────────── 1460 bytes, seq 1 ──┤
     0.110  ├── ACK 1461 ──────────────────────────────▶│
     0.112  ● recv(3) = 1460 "xxxxxxxxxxxxxxxxxxxxxxxx… │
     0.150  │                                           ● send(4) 99 times, 144540 bytes
            │◀───────────── 99 segments, 144540 bytes ──┤
     0.160  ├── 99 ACKs ───────────────────────────────▶│
     0.162  ● recv(3) 99 times, 144540 bytes            │
     5.100  │         loss x── 1460 bytes, seq 146001 ──┤
   205.100  │◀────────── 1460 bytes, seq 146001 again ──┤
   205.110  ├── ACK 147461, window 0 ──────────────────▶│
)");
}

TEST(LadderTest, SaysWhyPacketsDoNotArrive) {
  Story story = Connected();
  Story::Segment down{"FA", 1001, 5001};
  down.cause = "link down";
  down.arrived = false;
  Story::Segment ruled{"R", 1001};
  ruled.cause = "reset in the middle of the very long reply";
  story.At(30).Send(0, 1, down).At(40).Send(0, 1, ruled).At(50).Note(-1, -1, "the link is up again");
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "├── FIN, seq 1 ──────────────x link down    │\n")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, "├─ RST (reset in the middle of the very l… ▶│\n")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, "╌╌ the link is up again ╌╌")) << ladder;
}

TEST(LadderTest, ACallThatDoesNotReturnStandsWhereItBegan) {
  Story story = Connected();
  story.At(30).Call(0, DUET_CALL_RECV, {3, 100, 0}, 0, 0, -1);
  EXPECT_TRUE(absl::StrContains(Ladder(story.trace(), {}), "     0.030  ● recv(3) does not return  "));
}

TEST(LadderTest, ConnectionsBetweenTheSameHostsCarryTheirPorts) {
  Story story = Connected();
  Story::Segment second{"S", 1000};
  second.client_port = 40'001;
  story.At(30).Send(0, 1, second);
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "├── :40000 SYN ──")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, "── :40000 SYN, ACK ──┤")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, "├── :40001 SYN ──")) << ladder;
}

TEST(LadderTest, CallsWithoutTimeBetweenThemKeepTheirOrder) {
  Story story = Connected();
  story.At(5).Call(1, DUET_CALL_ACCEPT, {3, 0}, 4, 0, 25);
  story.At(21).Call(0, DUET_CALL_SEND, {3, 5, 0}, 5, 0, 1, "hello").Send(0, 1, {"A", 1001, 5001, "hello"});
  story.At(30).Call(1, DUET_CALL_SEND, {4, 2, 0}, 2, 0, 1, "Hi");
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_LT(ladder.find("accept(3) = 4"), ladder.find("send(4) = 2")) << ladder;
  EXPECT_LT(ladder.find("connect(3) = 0"), ladder.find("send(3) = 5")) << ladder;
  EXPECT_LT(ladder.find("send(3) = 5"), ladder.find("5 bytes")) << ladder;
}

TEST(LadderTest, ProcessesOfOneHostSayWhoCalls) {
  Story story = Connected();
  const ProcessId second = story.trace().AddProcess("client-2", 0);
  story.At(30).Call(second, DUET_CALL_CONNECT, {3}, -1, ECONNREFUSED, 0, "", kServer);
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "● client-2: connect(3, server:9999) = -1 ECONNREFUSED")) << ladder;
}

TEST(LadderTest, ASpinningCallIsOneLine) {
  Story story = Connected();
  for (int i = 0; i < 1000; ++i) story.At(100 + i).Call(0, DUET_CALL_SEND, {3, 20, 0}, -1, EPIPE);
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "send(3) = -1 EPIPE 996 times")) << ladder;
  EXPECT_LT(Lines(ladder), 15u);
}

TEST(LadderTest, ALongRunIsCutInTheMiddleAndSaysSo) {
  Story story({"client", "server"});
  for (int i = 0; i < 200; ++i) {
    Story::Segment syn{"S", 1000};
    syn.client_port = static_cast<uint16_t>(40'000 + i);
    story.At(i).Send(0, 1, syn);
  }
  const std::string ladder = Ladder(story.trace(), {.width = 100, .most_lines = 30});
  EXPECT_EQ(Lines(ladder), 31u);  // and the hosts' names
  EXPECT_TRUE(absl::StrContains(ladder, "171 lines are left out here")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, ":40199 SYN")) << ladder;
}

TEST(LadderTest, SaysHowMuchOfALongRunWasNotKept) {
  Story story;
  constexpr int64_t kCalls = Events::kHead + Events::kLastCalls + 300;
  for (int64_t i = 0; i < kCalls; ++i) story.At(i).Call(0, DUET_CALL_LISTEN, {3, 1}, 0);
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "lines, and 300 events are left out here")) << ladder;
  Story repeating;
  for (int64_t i = 0; i < kCalls; ++i) {
    repeating.At(i).Call(0, DUET_CALL_RECV, {3, 1, 0}, 1, 0, 0, "x");
  }
  const std::string folded = Ladder(repeating.trace(), {});
  EXPECT_TRUE(absl::StrContains(folded, "300 events left out from here on")) << folded;
}

TEST(LadderTest, EveryWidthAndNumberOfHostsStaysInItsColumns) {
  for (size_t hosts = 2; hosts <= 10; ++hosts) {
    std::vector<std::string> names;
    for (size_t i = 0; i < hosts; ++i) names.push_back("host-with-a-name-" + std::to_string(i));
    Story story(names);
    int64_t now = 0;
    for (int from = 0; from < static_cast<int>(hosts); ++from) {
      for (int to = -1; to < static_cast<int>(hosts); ++to) {
        for (const bool arrived : {true, false}) {
          if (to < 0 && arrived) continue;
          Story::Segment segment{"SA", 1000, 1, "some bytes"};
          segment.arrived = arrived;
          if (!arrived) segment.cause = "the rule with a name that is much longer than there are columns";
          story.At(now += 5).Send(from, to, segment);
        }
      }
      story.Call(from, DUET_CALL_CONNECT, {3}, -1, ECONNREFUSED, 3, "", kServer);
      story.Note(from, from, std::string(150, 'n'));
    }
    for (const size_t width : {0, 40, 60, 80, 100, 200}) {
      const std::string ladder = Ladder(story.trace(), {.width = width, .most_lines = 1000});
      for (const std::string& line : std::vector<std::string>(absl::StrSplit(ladder, '\n'))) {
        EXPECT_LE(Columns(line), std::max<size_t>(width, 40)) << line;
      }
    }
  }
}

TEST(LadderTest, ColoursOnlyWhereAsked) {
  Story story = Connected();
  Story::Segment lost{"A", 1001, 5001, "x"};
  lost.arrived = false;
  story.At(30).Send(0, 1, lost).Call(0, DUET_CALL_RECV, {3, 1, 0}, -1, ECONNRESET);
  EXPECT_FALSE(absl::StrContains(Ladder(story.trace(), {}), "\x1b"));
  const std::string coloured = Ladder(story.trace(), {.colour = true});
  EXPECT_TRUE(absl::StrContains(coloured, "\x1b[31m├── 1 byte, seq 1 ─"));
  EXPECT_TRUE(absl::StrContains(coloured, "\x1b[33m● recv(3) = -1 ECONNRESET"));
}

TEST(LadderTest, HostileWordsCannotLeaveTheirLine) {
  Story story = Connected();
  story.At(30).Note(0, 0, "\x1b[2Jgone\nPASSED\xff").Call(0, static_cast<duet_call>(999), {1, 2, 3, 4}, 5);
  story.Call(77, DUET_CALL_RECV, {3, 1, 0}, 1, 0, 0, "\x1b]0;x\x07");
  const std::string ladder = Ladder(story.trace(), {});
  EXPECT_TRUE(absl::StrContains(ladder, "○ \\x1b[2Jgone PASSED\\xff")) << ladder;
  EXPECT_TRUE(absl::StrContains(ladder, "call 999(1) = 5")) << ladder;
}

TEST(LadderTest, NothingIsSaidInWords) { EXPECT_EQ(Ladder(Trace(), {}), "Nothing happened: no call and no packet.\n"); }

}  // namespace
}  // namespace lab
