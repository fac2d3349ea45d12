#include "lab/trace/ledger.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <cerrno>
#include <csignal>

#include "lab/trace/story_for_test.h"

namespace lab {
namespace {

const Endpoint kServer{Story::AddressOf(1), 9999};

TEST(LedgerTest, CallsStandInTheOrderInWhichTheyBegan) {
  Story story;
  story.At(5).Call(1, DUET_CALL_CLOSE, {4}, 0, 0, 1);
  story.At(2).Call(0, DUET_CALL_CONNECT, {3}, 0, 0, 20, "", kServer);
  EXPECT_EQ(LedgerText(story.trace()),
            "0.000002 client  connect(3, server:9999) = 0 <0.000020>\n"
            "0.000005 server  close(4) = 0 <0.000001>\n");
}

TEST(LedgerTest, ACallThatHasNotReturnedHasNoResult) {
  Story story;
  story.At(1).Call(1, DUET_CALL_RECV, {4, 10, 0}, 0, 0, -1);
  const std::string text = LedgerText(story.trace());
  EXPECT_EQ(text.find("0.000001 server  recv(4, "), 0u) << text;
  EXPECT_TRUE(text.ends_with(" = ? <unfinished ...>\n")) << text;
  const std::string json = LedgerJson(story.trace());
  EXPECT_EQ(json.find("\"end\""), std::string::npos) << json;
  EXPECT_EQ(json.find("\"result\""), std::string::npos) << json;
}

TEST(LedgerTest, WhatProcessesAreInIsThereTooAtItsPlace) {
  Story story;
  story.At(5).Call(1, DUET_CALL_CLOSE, {4}, 0, 0, 1);
  CallEvent call(0, {});
  call.entry.call = DUET_CALL_FUTEX;
  call.entry.arguments[0] = 0x1000;
  call.entry.arguments[2] = -1;
  call.entry.begin_ns = 2'000;
  call.entry.end_ns = 1'999;
  EXPECT_EQ(LedgerText(story.trace(), {call}),
            "0.000002 client  futex(0x1000, FUTEX_WAIT, for ever) = ? <unfinished ...>\n"
            "0.000005 server  close(4) = 0 <0.000001>\n");
}

TEST(LedgerTest, CallsOfProcessesAndSignalsReadAsStraceWritesThem) {
  Story story;
  story.At(1).Call(0, DUET_CALL_CLONE, {0}, 7, 0, 1);
  story.At(2).Call(0, DUET_CALL_WAIT, {-1, 3 << 8}, 7, 0, 1);
  story.At(3).Call(0, DUET_CALL_WAIT, {7, SIGTERM}, 7, 0, 1);
  story.At(4).Call(0, DUET_CALL_KILL, {7, 0, SIGTERM}, -1, ESRCH, 1);
  story.At(5).Call(0, DUET_CALL_SIGACTION, {SIGPIPE, 1}, 0, 0, 1);
  story.At(6).Call(0, DUET_CALL_FUTEX, {16, 1, 1}, 1, 0, 1);
  story.At(7).Call(0, DUET_CALL_EVENTFD, {1, O_NONBLOCK}, 3, 0, 1);
  story.At(8).Call(0, DUET_CALL_TIMERFD_SETTIME, {4, 20'000'000, 1'000'000}, 0, 0, 1);
  story.At(9).Call(0, DUET_CALL_TIMER_CREATE, {1, SIGALRM}, 0, 0, 1);
  story.At(10).Call(0, DUET_CALL_TIMER_SETTIME, {2, 20'000'000, 0}, 0, 0, 1);
  EXPECT_EQ(LedgerText(story.trace()),
            "0.000001 client  fork() = 7 <0.000001>\n"
            "0.000002 client  waitpid(-1, exited with 3) = 7 <0.000001>\n"
            "0.000003 client  waitpid(7, ended by SIGTERM) = 7 <0.000001>\n"
            "0.000004 client  kill(7, SIGTERM) = -1 ESRCH (No such process) <0.000001>\n"
            "0.000005 client  sigaction(SIGPIPE, SIG_IGN) = 0 <0.000001>\n"
            "0.000006 client  futex(0x10, FUTEX_WAKE, 1) = 1 <0.000001>\n"
            "0.000007 client  eventfd(1, O_NONBLOCK) = 3 <0.000001>\n"
            "0.000008 client  timerfd_settime(4, 20 ms, every 1 ms) = 0 <0.000001>\n"
            "0.000009 client  timer_create(1, SIGALRM) = 0 <0.000001>\n"
            "0.000010 client  timer_settime(2, 20 ms) = 0 <0.000001>\n");
}

TEST(LedgerTest, AFailedCallNamesItsError) {
  Story story;
  story.At(1).Call(0, DUET_CALL_CONNECT, {3}, -1, ECONNREFUSED, 1, "", kServer);
  EXPECT_EQ(LedgerJson(story.trace()),
            R"x({"begin":1e-06,"end":2e-06,"host":"client","process":"client","call":"connect","result":-1,)x"
            R"x("error":"ECONNREFUSED","text":"connect(3, server:9999) = -1 ECONNREFUSED (Connection refused)"})x"
            "\n");
}

TEST(LedgerTest, WhatAProgramSentCanNotForgeALine) {
  Story story;
  story.At(1).Call(0, DUET_CALL_SEND, {3, 4, 0}, 4, 0, 1, "\n0 \"");
  for (const std::string& ledger : {LedgerText(story.trace()), LedgerJson(story.trace())}) {
    EXPECT_EQ(std::count(ledger.begin(), ledger.end(), '\n'), 1) << ledger;
  }
}

}  // namespace
}  // namespace lab
