// Gradings from the command line: reports, scores, exit statuses, replays and captures.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "lab/service/grader.pb.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kClassicMistake[] = "02-server/mutants/no-reuseaddr";

duet::v1::Report ReadReport(const std::string& path) {
  duet::v1::Report report;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(ReadFile(path), &report).ok()) << path;
  return report;
}

// What tshark has to say about a capture: a line a packet, and complaints.
std::string Tshark(const std::string& path, const std::string& options) {
  std::string output;
  service::CommandOptions command;
  command.on_output = [&](std::string_view bytes) { output += bytes; };
  const auto result = service::RunCommand({"/bin/sh", "-c", "exec tshark -r " + path + " " + options}, command);
  EXPECT_TRUE(result.ok() && result->status == 0) << (result.ok() ? result->error_output : "");
  return output;
}

class GradeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(GradeTest, TheSameSeedGivesTheSameSimulatedReportByteForByte) {
  const std::string folder = Folder("same");
  for (const char* const name : {"/1.json", "/2.json"}) {
    const Ran ran = Duet({"grade", "02-server", ExerciseFile(kClassicMistake), "--world", "sim", "--seed", "12",
                          "--json", folder + name});
    EXPECT_EQ(ran.status, 1) << ran.error_output;
  }
  const std::string report = ReadFile(folder + "/1.json");
  EXPECT_THAT(report, AllOf(HasSubstr("\"maxScore\": "), HasSubstr("\"token\": ")));
  EXPECT_EQ(report, ReadFile(folder + "/2.json"));
}

TEST_F(GradeTest, FullScoreIsStatusZeroAndLessIsOne) {
  const Ran right = Duet({"grade", "02-server", ExerciseFile("02-server/solution/python"), "--world", "sim"});
  EXPECT_EQ(right.status, 0) << right.output << right.error_output;
  EXPECT_THAT(right.output, HasSubstr("score 10 of 10"));
  const Ran wrong = Duet({"grade", "02-server", ExerciseFile(kClassicMistake), "--world", "sim"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("listens again"), HasSubstr("EADDRINUSE")));
}

TEST_F(GradeTest, APipeGetsNoColoursAndNoStatusLine) {
  const Ran ran = Duet({"grade", "02-server", ExerciseFile(kClassicMistake), "--world", "sim"});
  EXPECT_THAT(ran.output, Not(HasSubstr("\033")));
  EXPECT_THAT(ran.error_output, IsEmpty());
}

TEST_F(GradeTest, AReplayIsTheSameRunAndAnotherProgramsIsNot) {
  const std::string folder = Folder("replay");
  Duet({"grade", "02-server", ExerciseFile(kClassicMistake), "--world", "sim", "--json", folder + "/report.json"});
  const duet::v1::Report report = ReadReport(folder + "/report.json");
  int failures = 0;
  for (const auto& scenario : report.scenarios()) {
    if (scenario.verdict() != duet::v1::FAILED) continue;
    ++failures;
    const std::string capture = folder + "/run.pcapng";
    const Ran same = Duet({"replay", scenario.token(), ExerciseFile(kClassicMistake), "--pcap", capture});
    EXPECT_EQ(same.status, 1);
    EXPECT_THAT(same.output, HasSubstr("The run is the same as then: hash " + scenario.hash()));
    EXPECT_THAT(Tshark(capture, ""), HasSubstr("[SYN]"));
    const Ran other = Duet({"replay", scenario.token(), ExerciseFile("02-server/solution/c")});
    EXPECT_EQ(other.status, 0);
    EXPECT_THAT(other.output, HasSubstr("The run is another one than then"));
  }
  EXPECT_EQ(failures, 1);
}

TEST_F(GradeTest, CapturesOfBothWorldsOpenWithoutAWarning) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const std::string folder = Folder("captures");
  Duet({"grade", "02-server", ExerciseFile(kClassicMistake), "--pcap", folder});
  for (const char* const name : {"/restart-sim.pcapng", "/restart-real.pcapng"}) {
    EXPECT_THAT(Tshark(folder + name, ""), AllOf(HasSubstr("[SYN]"), HasSubstr("[SYN, ACK]"), HasSubstr("FIN")));
    // Warnings of the group "sequence" are about the traffic: on a busy machine the kernel really does send twice.
    EXPECT_EQ(Tshark(folder + name,
                     "-Y '_ws.malformed || (_ws.expert.severity >= 6291456 && _ws.expert.group != 33554432)'"),
              "")
        << name;
  }
}

TEST_F(GradeTest, AFunctionIsGradedInProcess) {
  const std::string folder = Folder("function");
  WriteFile(folder + "/my_server.cc", R"(
    #include <cstdlib>

    #include "lab/sockets/function.h"

    DUET_FUNCTION(server) {
      lab::Sockets& sockets = process.sockets();
      const int listener = sockets.socket(AF_INET, SOCK_STREAM, 0);
      const int one = 1;
      sockets.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<uint16_t>(std::atoi(process.arguments().at(1).c_str())));
      if (sockets.bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return 1;
      if (sockets.listen(listener, 5) != 0) return 1;
      while (true) {
        const int client = sockets.accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        sockets.send(client, "Hi we are connected!", 20, MSG_NOSIGNAL);
        sockets.close(client);
      }
    }
  )");
  const std::string world = WhyNoRealWorld().empty() ? "both" : "sim";
  const Ran ran = Duet({"grade", "02-server", folder + "/my_server.cc", "--in-process", "--world", world});
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;

  WriteFile(folder + "/empty.cc", "int unused;\n");
  const Ran empty = Duet({"grade", "02-server", folder + "/empty.cc", "--in-process", "--world", "sim"});
  EXPECT_EQ(empty.status, 2);
  EXPECT_THAT(empty.error_output, HasSubstr("duet_function_server"));
}

TEST_F(GradeTest, AFunctionThatCrashesHasFailed) {
  const std::string folder = Folder("crashes");
  WriteFile(folder + "/server.cc", R"(
    #include <csignal>
    #include "lab/sockets/function.h"
    DUET_FUNCTION(server) { return std::raise(SIGSEGV); }
  )");
  const Ran ran = Duet({"grade", "02-server", folder, "--in-process", "--world", "sim"});
  EXPECT_EQ(ran.status, 1) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr("SIGSEGV"));
}

TEST_F(GradeTest, WarningsOfTheCompilerReachTheUser) {
  const std::string folder = Folder("warnings");
  WriteFile(folder + "/server.c", "int main(void) { int unused; return 0; }\n");
  const Ran ran = Duet({"grade", "02-server", folder, "--world", "sim"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error_output, HasSubstr("unused variable"));
}

TEST_F(GradeTest, StarterCodeCompilesAndIsNoSolution) {
  for (const char* const exercise : {"01-client", "02-server", "03-echo"}) {
    for (const char* const language : {"c", "cpp", "python"}) {
      const std::string folder = Folder("starter") + "/new";
      const Ran start = Duet({"start", exercise, folder, "--language", language});
      EXPECT_EQ(start.status, 0) << start.error_output;
      EXPECT_TRUE(Exists(folder + "/README.md"));
      const Ran grade = Duet({"grade", exercise, folder, "--world", "sim"});
      EXPECT_EQ(grade.status, 1) << exercise << " " << language << "\n" << grade.output << grade.error_output;
    }
  }
}

TEST_F(GradeTest, TheDemoShowsARightServerAndAWrongOne) {
  const Ran ran = Duet({"demo"});
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;
  EXPECT_THAT(ran.output, AllOf(HasSubstr("score 10 of 10"), HasSubstr("FAILED"), HasSubstr("SYN, ACK")));
}

}  // namespace
}  // namespace lab::e2e
