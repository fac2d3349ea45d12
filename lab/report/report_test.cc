#include "lab/report/report.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "lab/trace/ladder.h"
#include "lab/trace/story_for_test.h"

namespace lab::report {
namespace {

using duet::v1::Report;
using duet::v1::ScenarioReport;
using duet::v1::Verdict;

ScenarioReport& AddRow(Report& report, const std::string& name, const std::string& title, const std::string& world,
                       Verdict verdict) {
  ScenarioReport& row = *report.add_scenarios();
  row.set_name(name);
  row.set_title(title);
  row.set_world(world);
  row.set_verdict(verdict);
  row.set_max_points(1);
  row.set_points(verdict == duet::v1::PASSED || verdict == duet::v1::AMBIGUOUS ? 1 : 0);
  row.set_runs(1);
  if (world == "sim" && verdict == duet::v1::FAILED) {
    row.set_token("02-server/" + name + ":s7:9c1e7a33:4tk");
    row.set_seed(7);
  }
  return row;
}

void AddFailure(ScenarioReport& row, const std::string& happened) {
  duet::v1::CheckReport& passed = *row.add_checks();
  passed.set_name("listens");
  passed.set_passed(true);
  passed.set_expected("the server listens on port 9999");
  duet::v1::CheckReport& failed = *row.add_checks();
  failed.set_name("greeting");
  failed.set_expected("every client reads `Hi we are connected!`, 20 bytes, and then end of file");
  failed.set_happened(happened);
  failed.set_hint(
      "The greeting has 20 bytes: strlen() of it, without the zero at its end, and without a newline either.");
  Story story({"client", "server"});
  story.At(5).Call(0, DUET_CALL_CONNECT, {3}, -1, ECONNREFUSED, 20, "", {Story::AddressOf(1), 9999});
  story.At(5).Send(0, 1, {"S", 1000}).At(15).Send(1, 0, {"RA", 0, 1001});
  row.set_ladder(Ladder(story.trace(), {}));
}

Report ExampleReport() {
  Report report;
  report.set_exercise("02-server");
  report.set_score(2);
  report.set_max_score(5);
  const char* one = "one client";
  AddRow(report, "one", one, "sim", duet::v1::PASSED);
  AddRow(report, "one", one, "real", duet::v1::PASSED);
  const char* five = "five clients, one after another";
  for (const char* world : {"sim", "real"}) {
    ScenarioReport& row = AddRow(report, "five", five, world, duet::v1::FAILED);
    AddFailure(row, "client 2 read 19 of 20 bytes");
    row.set_error_output("server: send: Connection reset by peer\n");
  }
  const char* overflow = "six clients connect while the server is paused, and a seventh has to try again";
  ScenarioReport& simulated = AddRow(report, "overflow", overflow, "sim", duet::v1::FAILED);
  AddFailure(simulated, "client 7 was let in");
  ScenarioReport& real = AddRow(report, "overflow", overflow, "real", duet::v1::FAILED);
  AddFailure(real, "client 6 was not let in");
  const char* restart = "a restart right after a connection was closed";
  AddRow(report, "restart", restart, "sim", duet::v1::PASSED);
  AddRow(report, "restart", restart, "real", duet::v1::AMBIGUOUS).set_remark("it failed in 1 of 3 runs");
  const char* greedy = "a client that never reads";
  for (const char* world : {"sim", "real"}) {
    AddRow(report, "greedy", greedy, world, duet::v1::SKIPPED).set_remark("depends on `five`, which did not pass");
  }
  return report;
}

std::string Repeated(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

std::string HeadOf(const std::string& text) { return text.substr(0, text.find("\n──")); }

TEST(TextReportTest, BeginsWithATableAndWhatNeedsNoPicture) {
  EXPECT_EQ(HeadOf(TextReport(ExampleReport(), {})),
            R"(02-server                                                         sim          real         points
  one       one client                                            PASSED       PASSED       1 of 1
  five      five clients, one after another                       FAILED       FAILED       0 of 1
  overflow  six clients connect while the server is paused, and…  FAILED       FAILED       0 of 1
  restart   a restart right after a connection was closed         PASSED       AMBIGUOUS    1 of 1
  greedy    a client that never reads                             SKIPPED      SKIPPED      0 of 1

  AMBIGUOUS    it failed in 1 of 3 runs (in real: restart)
  SKIPPED      depends on `five`, which did not pass (in sim and real: greedy)
)");
}

TEST(TextReportTest, ExplainsAFailureOnceForBothWorldsWithTwoLadders) {
  const std::string text = TextReport(ExampleReport(), {.submission = "my dir"});
  const size_t begin = text.find("── five"), end = text.find("\n── overflow");
  ASSERT_LT(begin, end);
  EXPECT_EQ(text.substr(begin, end - begin),
            "── five: five clients, one after another " + Repeated("─", 59) +
                R"(
FAILED in sim and real

  check greeting
    expected  every client reads `Hi we are connected!`, 20 bytes, and then end of file
    happened  client 2 read 19 of 20 bytes
    hint      The greeting has 20 bytes: strlen() of it, without the zero at its end, and without a
              newline either.

  the end of its standard error:
    │ server: send: Connection reset by peer

  in sim, seed 7:
        ms  client                                      server
     0.005  ● connect(3, server:9999) …                 │
            ├── SYN ───────────────────────────────────▶│
     0.015  │◀─────────────────────────────────── RST ──┤
     0.025  ● connect(3) = -1 ECONNREFUSED              │

  the same run again: ./duet replay 02-server/five:s7:9c1e7a33:4tk 'my dir'

  in real:
        ms  client                                      server
     0.005  ● connect(3, server:9999) …                 │
            ├── SYN ───────────────────────────────────▶│
     0.015  │◀─────────────────────────────────── RST ──┤
     0.025  ● connect(3) = -1 ECONNREFUSED              │
)");
}

TEST(TextReportTest, SaysWhereTheWorldsDiffer) {
  const std::string text = TextReport(ExampleReport(), {});
  EXPECT_TRUE(absl::StrContains(text, "    happened  in sim: client 7 was let in\n"
                                      "    happened  in real: client 6 was not let in\n"));
}

TEST(TextReportTest, EndsWithTheScore) {
  EXPECT_TRUE(absl::EndsWith(TextReport(ExampleReport(), {}), "\nscore 2 of 5\n"));
}

TEST(TextReportTest, AWorldThatIsMissingHereCostsNothing) {
  Report report;
  report.set_exercise("01-client");
  for (const char* name : {"greeting", "reset"}) {
    AddRow(report, name, "", "sim", duet::v1::PASSED);
    ScenarioReport& row = AddRow(report, name, "", "real", duet::v1::UNSUPPORTED);
    row.set_runs(0);
    row.set_remark("This machine has no /dev/net/tun: load the module tun");
  }
  const std::string text = TextReport(report, {});
  EXPECT_TRUE(absl::StrContains(text, "UNSUPPORTED  1 of 1\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "UNSUPPORTED  This machine has no /dev/net/tun: load the module tun (in real: "
                                      "greeting, reset)\n")) << text;
}

TEST(TextReportTest, OnlyTheWorldsThatWereAskedForHaveColumns) {
  Report report;
  report.set_exercise("01-client");
  AddRow(report, "greeting", "", "real", duet::v1::PASSED);
  EXPECT_FALSE(absl::StrContains(TextReport(report, {}), "sim"));
}

TEST(TextReportTest, WhatTheSubmissionSaysCannotSteerTheTerminal) {
  Report report;
  report.set_exercise("01-client");
  ScenarioReport& row = AddRow(report, "greeting", "", "sim", duet::v1::FAILED);
  AddFailure(row, "it printed \x1b[2J\x1b]0;PASSED\x07\xff");
  row.set_error_output("\x1b[32mPASSED\x1b[0m\r\ntwo\n");
  row.set_token("x; rm -rf ~");
  const std::string text = TextReport(report, {.submission = "it's"});
  EXPECT_FALSE(absl::StrContains(text, "\x1b"));
  EXPECT_TRUE(absl::StrContains(text, "happened  it printed \\x1b[2J\\x1b]0;PASSED\\x07\\xff\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "    │ \\x1b[32mPASSED\\x1b[0m\n    │ two\n")) << text;
  EXPECT_TRUE(absl::StrContains(text, "./duet replay 'x; rm -rf ~' 'it'\\''s'\n")) << text;
}

TEST(TextReportTest, ColoursOnlyWhereAsked) {
  EXPECT_FALSE(absl::StrContains(TextReport(ExampleReport(), {}), "\x1b"));
  const std::string text = TextReport(ExampleReport(), {.colour = true});
  EXPECT_TRUE(absl::StrContains(text, "\x1b[32mPASSED\x1b[0m       \x1b[33mAMBIGUOUS\x1b[0m    1 of 1"));
  EXPECT_TRUE(absl::StrContains(text, "\x1b[33m     0.025  ● connect(3) = -1 ECONNREFUSED"));
}

TEST(TextScenarioTest, ShowsTheRunWhateverTheVerdict) {
  Report report;
  ScenarioReport& row = AddRow(report, "one", "one client", "sim", duet::v1::PASSED);
  row.set_ladder("  ms  client\n");
  const std::string text = TextScenario(row, {.width = 30});
  EXPECT_EQ(text, "\n── one: one client " + Repeated("─", 11) + "\nPASSED in sim\n\n  in sim:\n  ms  client\n");
}

TEST(JsonReportTest, HasEveryFieldUnderItsName) {
  const std::string json = JsonReport(ExampleReport());
  for (const char* part : {"\"exercise\": \"02-server\"", "\"score\": 2", "\"maxScore\": 5", "\"name\": \"one\"",
                           "\"world\": \"real\"", "\"verdict\": \"FAILED\"", "\"points\": 0", "\"maxPoints\": 1",
                           "\"token\": \"02-server/five:s7:9c1e7a33:4tk\"", "\"checks\": []", "\"passed\": false"}) {
    EXPECT_TRUE(absl::StrContains(json, part)) << part << " is missing in\n" << json;
  }
}

TEST(JsonReportTest, ReadsBackAsTheSameReport) {
  Report report;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(JsonReport(ExampleReport()), &report).ok());
  EXPECT_EQ(report.SerializeAsString(), ExampleReport().SerializeAsString());
}

TEST(JsonReportTest, BytesThatAreNoTextAreEscaped) {
  Report report;
  AddRow(report, "one", "", "sim", duet::v1::FAILED).set_error_output("\xff\xfe");
  EXPECT_TRUE(absl::StrContains(JsonReport(report), R"("errorOutput": "\\xff\\xfe")"));
}

TEST(JsonReportTest, IsWrittenWholeOrNotAtAll) {
  const std::string path = testing::TempDir() + "/report.json";
  ASSERT_TRUE(WriteJsonReport(ExampleReport(), path).ok());
  std::ifstream file(path);
  std::ostringstream contents;
  contents << file.rdbuf();
  EXPECT_EQ(contents.str(), JsonReport(ExampleReport()));
  EXPECT_FALSE(WriteJsonReport(ExampleReport(), testing::TempDir() + "/missing/report.json").ok());
}

}  // namespace
}  // namespace lab::report
