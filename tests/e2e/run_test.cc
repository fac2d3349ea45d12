// `duet run`: the examples on both networks, and what users get wrong.
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kExamples[] = {"full_backlog", "lossy_datagrams", "partition", "reset", "restart"};

// A copy of the examples, because the build's files are links, which a program's sandbox can't follow.
std::string Examples() {
  const std::string folder = Folder("run-examples");
  std::filesystem::copy(Runfile("examples"), folder + "/examples", std::filesystem::copy_options::recursive);
  return folder + "/examples/";
}

// The line that ends with the run's hash.
std::string HashLine(const Ran& ran) {
  const size_t at = ran.error_output.find("hash ");
  return at == std::string::npos ? "" : ran.error_output.substr(at, ran.error_output.find('\n', at) - at);
}

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_F(RunTest, EachExampleIsTheSameInEveryRunOfASeed) {
  const std::string examples = Examples();
  for (const char* name : kExamples) {
    const std::vector<std::string> line = {"run", absl::StrCat(examples, name, ".textproto")};
    const Ran first = Duet(line);
    const Ran second = Duet(line);
    EXPECT_EQ(first.status, 0) << name << "\n" << first.error_output;
    EXPECT_EQ(first.output, second.output) << name;
    EXPECT_EQ(HashLine(first), HashLine(second)) << name;
    EXPECT_NE(HashLine(first), "") << name;
  }
}

TEST_F(RunTest, EachExampleDoesTheSameOnTheKernel) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const std::string examples = Examples();
  for (const char* name : kExamples) {
    const Ran ran = Duet({"run", absl::StrCat(examples, name, ".textproto"), "--world", "real"});
    EXPECT_EQ(ran.status, 0) << name << "\n" << ran.error_output;
  }
}

TEST_F(RunTest, AnotherSeedIsAnotherRun) {
  const std::string lab = Examples() + "lossy_datagrams.textproto";
  EXPECT_NE(HashLine(Duet({"run", lab, "--seed", "2"})), HashLine(Duet({"run", lab, "--seed", "3"})));
}

TEST_F(RunTest, PacketsAndCallsAreWrittenWhereAsked) {
  const std::string examples = Examples();
  const std::string folder = Folder("run-files");
  const Ran ran = Duet({"run", examples + "reset.textproto", "--trace", folder + "/t.pcapng", "--ledger",
                        folder + "/calls.txt", "--ladder"});
  EXPECT_EQ(ran.status, 0) << ran.error_output;
  EXPECT_THAT(ran.output, HasSubstr("RST"));
  EXPECT_THAT(ReadFile(folder + "/t.pcapng"), StartsWith("\x0a\x0d\x0d\x0a"));
  EXPECT_THAT(ReadFile(folder + "/calls.txt"), HasSubstr("ECONNRESET (Connection reset by peer)"));
  EXPECT_EQ(Duet({"run", examples + "reset.textproto", "--ledger", folder + "/calls.jsonl"}).status, 0);
  EXPECT_THAT(ReadFile(folder + "/calls.jsonl"),
              AllOf(StartsWith(R"({"begin":)"), HasSubstr(R"("error":"ECONNRESET")")));
}

TEST_F(RunTest, AProgramThatFailsIsNamedAndSoIsTheExitStatus) {
  const Ran ran = Duet({"run", "--host", "a", "sh -c 'echo hello; echo trouble >&2; exit 7'"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.output, "a | hello\n");
  EXPECT_THAT(ran.error_output, AllOf(StartsWith("a | trouble\n"), HasSubstr("duet: a: ended with status 7\n")));
}

TEST_F(RunTest, AProgramThatASignalEndsIsToldWithItsLastCalls) {
  const Ran ran = Duet({"run", "--host", "a", "python3 -c 'import os, socket; socket.socket(); os.abort()'"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error_output, AllOf(HasSubstr("duet: a: was ended by SIGABRT (Aborted); its last calls: "),
                                      HasSubstr("socket(AF_INET, SOCK_STREAM")));
}

TEST_F(RunTest, WithoutAStandardInputAnInteractiveProgramHasNone) {
  const std::string command = "timeout 60 " + Binary() + " run --host a cat --interactive a <&- 2>/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(RunTest, ProgramsThatWaitForEachOtherForEverAreToldApart) {
  const Ran ran = Duet({"run", "--host", "a",
                        "python3 -c 'import socket; a, b = socket.socketpair(); a.recv(1)'"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.error_output, HasSubstr("duet: all wait, and nothing can happen any more:\nduet:   a "));
}

TEST_F(RunTest, WhatIsWrongGetsOneSentence) {
  const std::string folder = Folder("run-wrong");
  WriteFile(folder + "/x.textproto", "host { name: \"a\" }\nprogram { host: \"b\" command: \"true\" }\n");
  WriteFile(folder + "/text", "no program\n");
  WriteFile(folder + "/cut", "\x7f" "ELF");
  for (const char* file : {"/text", "/cut"}) {
    std::filesystem::permissions(folder + file, std::filesystem::perms::owner_all);
  }
  ExpectSentence({"run"}, "what is to run?");
  ExpectSentence({"run", folder + "/none.textproto"}, "none.textproto can't be read");
  ExpectSentence({"run", folder + "/x.textproto"}, "x.textproto:2:11: there is no host `b`");
  ExpectSentence({"run", "--host", "a", "no-such-program"}, "a: there is no program `no-such-program`");
  ExpectSentence({"run", "--host", "a", "/etc/passwd"}, "is outside of what programs see here");
  ExpectSentence({"run", "--host", "a", "./text", "--directory", folder}, "text is neither a program nor a script");
  ExpectSentence({"run", "--host", "a", "./cut", "--directory", folder}, "cut is cut short");
  ExpectSentence({"run", "--host", "a", "text", "--directory", folder}, "write ./text");
  ExpectSentence({"run", "--host", "a", "true", "--host", "a", "true"}, "there are two hosts named a");
  ExpectSentence({"run", "--host", "a", "true | cat"}, "`|` is for a shell");
  ExpectSentence({"run", "--host", "a", "true", "--latency", "20"}, "`20` is no duration");
  ExpectSentence({"run", "--host", "a", "true", "--loss", "7"}, "`7` is no part of all packets");
  ExpectSentence({"run", "--host", "a", "true", "--limit", "soon"}, "`soon` is no duration");
  ExpectSentence({"run", "--host", "a", "true", "--world", "mars"}, "mars");
  ExpectSentence({"run", "--host", "a", "true", "--directory", "/no/such"}, "/no/such is not a directory");
  ExpectSentence({"run", "--host", "a", "true", "--trace", "/no/such/t.pcapng"}, "/no/such");
  ExpectSentence({"run", folder + "/x.textproto", "--host", "a", "true"}, "--host");
}

}  // namespace
}  // namespace lab::e2e
