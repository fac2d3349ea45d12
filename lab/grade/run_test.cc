#include "lab/grade/run.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/grade/fake_world.h"

namespace lab::grade {
namespace {

using ::testing::HasSubstr;

class RunTest : public ::testing::Test {
 protected:
  // A run whose submission's one program is `function`, started.
  void StartProgram(Function function) {
    submission_ = {{"server", std::move(function)}};
    server_ = run_.StartSubmission("server", world_.AddHost({.name = "host"}), {});
  }

  FakeWorld world_;
  Submission submission_;
  Submission reference_;
  grade::Run run_{world_, submission_, reference_};
  ProcessId server_ = -1;
};

TEST_F(RunTest, AllChecksPassedIsPassed) {
  EXPECT_TRUE(run_.Expect("greeting", true, "a greeting", "nothing"));
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kPassed);
  EXPECT_EQ(run_.checks()[0].happened, "");
}

TEST_F(RunTest, OneFailedCheckIsFailed) {
  run_.Expect("greeting", true, "a greeting", "");
  EXPECT_FALSE(run_.Expect("close", false, "end of file", "nothing", "close()"));
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kFailed);
  EXPECT_EQ(run_.checks()[1].happened, "nothing");
}

TEST_F(RunTest, ChecksOfOneNameAreOneCheckWhichTheFirstFailureFills) {
  run_.Expect("greeting", true, "a greeting", "");
  run_.Expect("greeting", false, "a greeting", "client 2 read 19 bytes");
  run_.Expect("greeting", false, "a greeting", "client 3 read nothing");
  run_.Expect("greeting", true, "a greeting", "");
  ASSERT_EQ(run_.checks().size(), 1u);
  EXPECT_EQ(run_.checks()[0].happened, "client 2 read 19 bytes");
}

TEST_F(RunTest, AScenarioThatChecksNothingIsTheLabsError) {
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kLabError);
}

TEST_F(RunTest, AProgramThatEndsAtOnceDoesNotListenAndSaysHowItEnded) {
  StartProgram([](Process&) { return 128 + SIGSEGV; });
  EXPECT_FALSE(run_.ExpectListening(server_, 0, 9999));
  EXPECT_EQ(run_.checks()[0].name, "listens");
  EXPECT_THAT(run_.checks()[0].happened, HasSubstr("SIGSEGV"));
}

TEST_F(RunTest, AProgramThatNeverEndsFailsEndsAndNamesWhoWaits) {
  StartProgram([](Process&) { return -1; });
  world_.deadlock = "client-1 waits in recv(3)\n";
  EXPECT_FALSE(run_.ExpectExit(server_, std::chrono::seconds(5)));
  EXPECT_THAT(run_.checks()[0].happened, HasSubstr("client-1 waits in recv(3)"));
  world_.deadlock.clear();
  EXPECT_TRUE(run_.ExpectRunning(server_));
}

TEST_F(RunTest, WhatCanNotBeCarriedIsUnsupportedWhateverTheChecksSay) {
  StartProgram([](Process& process) {
    process.report(kUnsupportedReport, "the server calls fork");
    return 1;
  });
  run_.ExpectExit(server_, std::chrono::seconds(5));
  run_.Expect("greeting", false, "a greeting", "nothing");
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kUnsupported);
  EXPECT_EQ(run_.remark(), "the server calls fork");
  ASSERT_EQ(run_.checks().size(), 1u) << "what failed only because the program was ended is not held against it";
  EXPECT_EQ(run_.checks()[0].name, "ends");
}

TEST_F(RunTest, AReachedLimitFails) {
  StartProgram([](Process& process) {
    process.report(kLimitReport, "it used 10 s of CPU time");
    return 1;
  });
  run_.ExpectExit(server_, std::chrono::seconds(5));
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kFailed);
  EXPECT_EQ(run_.checks()[1].happened, "it used 10 s of CPU time");
}

TEST_F(RunTest, TheLabsErrorsComeFirst) {
  StartProgram([](Process& process) {
    process.report(kUnsupportedReport, "the server calls fork");
    process.report(kLabErrorReport, "the sandbox is missing");
    return 1;
  });
  run_.ExpectExit(server_, std::chrono::seconds(5));
  run_.Finish();
  EXPECT_EQ(run_.verdict(), Verdict::kLabError);
  EXPECT_EQ(run_.remark(), "the sandbox is missing");
}

}  // namespace
}  // namespace lab::grade
