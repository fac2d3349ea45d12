#include "lab/trace/ledger.h"

#include <gtest/gtest.h>

#include <cerrno>

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
  EXPECT_EQ(text.find('<'), std::string::npos) << text;
  const std::string json = LedgerJson(story.trace());
  EXPECT_EQ(json.find("\"end\""), std::string::npos) << json;
  EXPECT_EQ(json.find("\"result\""), std::string::npos) << json;
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
