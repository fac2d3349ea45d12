#include "lab/run/play.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "sim/host/sim_world.h"

namespace lab::run {
namespace {

using std::chrono::seconds;

sockaddr_in At(uint32_t address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  in.sin_port = htons(9999);
  return in;
}

// The programs of the labs below, as functions.
int Serve(Process& p) {
  const int listener = p.sockets().socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in in = At(INADDR_ANY);
  if (p.sockets().bind(listener, reinterpret_cast<const sockaddr*>(&in), sizeof in) != 0) return 1;
  p.sockets().listen(listener, 5);
  for (;;) {
    const int fd = p.sockets().accept(listener, nullptr, nullptr);
    p.sockets().send(fd, "hello\n", 6, 0);
    p.sockets().close(fd);
  }
}

int Ask(Process& p) {
  const int fd = p.sockets().socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in in = At(0x0a000001);
  if (p.sockets().connect(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in) != 0) return 2;
  char buffer[100];
  const ssize_t length = p.sockets().recv(fd, buffer, sizeof buffer, 0);
  if (length > 0) p.sockets().write(1, buffer, static_cast<size_t>(length));
  return length == 6 ? 0 : 3;
}

int WaitForEver(Process& p) {
  int ends[2];
  p.sockets().pipe2(ends, 0);
  char byte;
  return static_cast<int>(p.sockets().read(ends[0], &byte, 1));
}

int SleepTen(Process& p) {
  p.sleep(seconds(10));
  return 0;
}

int Echo(Process& p) {
  char buffer[100];
  for (ssize_t length; (length = p.sockets().read(0, buffer, sizeof buffer)) != 0;) {
    if (length < 0) return 1;
    p.sockets().write(1, buffer, static_cast<size_t>(length));
  }
  return 0;
}

class PlayTest : public testing::Test {
 protected:
  Played Play(const std::string& programs) {
    const auto lab = ParseLab(R"(host { name: "a" } host { name: "b" } )" + programs, "test");
    EXPECT_TRUE(lab.ok()) << lab.status();
    const auto plan = MakePlan(*lab);
    sim::SimWorld world(Choices::Seeded(plan->seed), plan->seed);
    Player player;
    player.live_input = live_input_;
    player.make_program = [](const PlannedProgram& program) {
      const std::map<std::string, Function> functions = {
          {"serve", Serve}, {"ask", Ask}, {"wait", WaitForEver}, {"sleep", SleepTen}, {"echo", Echo}};
      return functions.at(program.command[0]);
    };
    player.on_output = [&](size_t program, bool, std::string_view bytes) {
      output_ += plan->programs[program].name + ": " + std::string(bytes);
    };
    player.on_time = [](Time) {};
    return lab::run::Play(world, *plan, player);
  }

  std::string output_;
  LiveInput* live_input_ = nullptr;
};

TEST_F(PlayTest, AClientStartsOnceItsServerListensAndARunEndsWithIt) {
  const Played played = Play(R"(program { host: "a" command: "serve" } program { host: "b" command: "ask" })");
  EXPECT_EQ(played.end, Played::End::kDone);
  EXPECT_EQ(played.problems, std::vector<std::string>());
  EXPECT_EQ(output_, "b: hello\n");
  EXPECT_FALSE(played.programs[0].outcome.exited);
  EXPECT_LT(played.ended_at, seconds(1));
}

TEST_F(PlayTest, AProgramThatFailsIsAProblem) {
  const Played played = Play(R"(program { host: "b" command: "ask" })");
  EXPECT_EQ(played.problems, std::vector<std::string>{"b: ended with status 2"});
}

TEST_F(PlayTest, ProgramsThatWaitForEverAreNamed) {
  const Played played = Play(R"(program { host: "b" command: "wait" })");
  EXPECT_EQ(played.end, Played::End::kStandstill);
  ASSERT_EQ(played.problems.size(), 2u);
  EXPECT_EQ(played.problems[0], "all wait, and nothing can happen any more:");
  EXPECT_EQ(played.problems[1].substr(0, 4), "  b ") << played.problems[1];
}

TEST_F(PlayTest, TheLimitEndsARun) {
  const Played played = Play(R"(limit: "5s" program { host: "b" command: "sleep" })");
  EXPECT_EQ(played.end, Played::End::kLimit);
  EXPECT_EQ(played.ended_at, seconds(5));
  EXPECT_EQ(played.problems, std::vector<std::string>{"the run's limit of 5s has passed (--limit)"});
}

TEST_F(PlayTest, ExpectationsDecideWhereThereAreSome) {
  const Played played = Play(R"(limit: "5s"
      program { host: "a" command: "sleep" }
      program { host: "b" command: "ask" }
      expect { program: "a" runs: true }
      expect { program: "b" exit_status: 2 output: "" })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
}

TEST_F(PlayTest, AnExpectationThatDoesNotHoldSaysWhatHappened) {
  const Played played = Play(R"(
      program { host: "a" command: "serve" }
      program { host: "b" command: "ask" }
      expect { program: "b" exit_status: 3 output_has: "bye" output_lacks: "hello" })");
  EXPECT_EQ(played.problems,
            (std::vector<std::string>{"b: expected exit status 3, but it ended with status 0",
                                      "b: expected \"bye\" in its output, but it wrote \"hello\\n\"",
                                      "b: expected no \"hello\" in its output, but it wrote \"hello\\n\""}));
}

TEST_F(PlayTest, ACrashedServerCanStartAgain) {
  const Played played = Play(R"(
      program { name: "server" host: "a" command: "serve" }
      program { name: "again" host: "a" command: "serve" at: "3s" }
      program { name: "early" host: "b" command: "ask" at: "2s" }
      program { name: "late" host: "b" command: "ask" at: "4s" }
      fault { at: "1s" kill: "server" }
      expect { program: "early" exit_status: 2 }
      expect { program: "late" exit_status: 0 })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
}

TEST_F(PlayTest, AFaultOnAProgramThatHasNotStartedIsAProblem) {
  const Played played = Play(R"(
      program { host: "b" command: "sleep" at: "2s" }
      fault { at: "1s" kill: "b" })");
  EXPECT_EQ(played.problems, std::vector<std::string>{"b: there is nothing to kill: it has not started by then"});
}

TEST_F(PlayTest, AProgramIsKilledAtTheMomentItStarts) {
  const Played played = Play(R"(
      program { host: "b" command: "sleep" at: "2s" }
      fault { at: "2s" kill: "b" })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
  EXPECT_EQ(played.programs[0].outcome.exit_status, 137);
}

TEST_F(PlayTest, AKillThatCameTooLateExcusesNothing) {
  const Played played = Play(R"(
      program { host: "b" command: "ask" }
      program { host: "a" command: "sleep" }
      fault { at: "5s" kill: "b" })");
  EXPECT_EQ(played.problems, (std::vector<std::string>{"b: there is nothing to kill: it has ended by then",
                                                       "b: ended with status 2"}));
}

TEST_F(PlayTest, TwoServersOnOneHostAreLeftAlone) {
  const Played played = Play(R"(
      program { name: "one" host: "a" command: "serve" }
      program { name: "two" host: "a" command: "wait" }
      program { host: "b" command: "ask" })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
}

TEST_F(PlayTest, WhatTheLimitKeepsFromHappeningIsNoStandstill) {
  const Played played = Play(R"(limit: "5s" program { host: "b" command: "sleep" at: "9s" })");
  EXPECT_EQ(played.end, Played::End::kLimit);
}

TEST_F(PlayTest, ALinkThatIsDownComesBack) {
  const Played played = Play(R"(
      program { host: "a" command: "serve" }
      program { host: "b" command: "ask" at: "1s" }
      fault { at: "0s" until: "5s" down { a: "a" b: "b" } })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
  EXPECT_GT(played.ended_at, seconds(5));
}

TEST_F(PlayTest, AResetInTheMiddleReachesTheClient) {
  const Played played = Play(R"(
      program { host: "a" command: "serve" }
      program { host: "b" command: "ask" }
      fault { at: "0s" packets { from: "a" data: true count: 1 reset: true } }
      expect { program: "b" exit_status: 3 })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
}

TEST_F(PlayTest, InputComesAtItsTimes) {
  const Played played = Play(R"(program { host: "b" command: "echo" input: "at first, "
      typed { at: "2s" text: "later, " } typed { at: "5s" text: "at last" end: true } })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
  EXPECT_EQ(output_, "b: at first, b: later, b: at last");
  EXPECT_GE(played.ended_at, seconds(5));
  EXPECT_LT(played.ended_at, seconds(6));
}

TEST_F(PlayTest, WithoutAnEndOfItsInputAProgramWaits) {
  const Played played = Play(R"(program { host: "b" command: "echo" typed { at: "2s" text: "once" } })");
  EXPECT_EQ(played.end, Played::End::kStandstill);
  EXPECT_EQ(output_, "b: once");
}

TEST_F(PlayTest, WhatIsTypedReachesTheInteractiveProgramAndIsTold) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "hello", 5), 5);
  close(ends[1]);
  LiveInput input(ends[0]);
  live_input_ = &input;
  const Played played = Play(R"(program { host: "b" command: "echo" interactive: true })");
  close(ends[0]);
  EXPECT_EQ(played.problems, std::vector<std::string>());
  EXPECT_EQ(output_, "b: hello");
  ASSERT_EQ(played.programs[0].typed.size(), 2u);
  EXPECT_EQ(played.programs[0].typed[0].text, "hello");
  EXPECT_FALSE(played.programs[0].typed[0].end);
  EXPECT_TRUE(played.programs[0].typed[1].end);
  EXPECT_GT(played.programs[0].typed[1].at, played.programs[0].typed[0].at);
}

TEST_F(PlayTest, NobodyTypesWhereNobodyIs) {
  const Played played = Play(R"(program { host: "b" command: "echo" interactive: true })");
  EXPECT_EQ(played.problems, std::vector<std::string>());
}

}  // namespace
}  // namespace lab::run
