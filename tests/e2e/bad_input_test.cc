// What users get wrong: one sentence each on standard error, nothing on standard output, the exit status of wrong use,
// and no file left behind.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kWrongUse = 2;

TEST(BadInputTest, ACommandThatThereIsNotIsNamed) {
  ExpectSentence({"frobnicate"}, "there is no command `frobnicate`");
  ExpectSentence({}, "a command is missing");
}

TEST(BadInputTest, WrongOptionsAreNamed) {
  ExpectSentence({"grade"}, "exercise is required");
  ExpectSentence({"grade", "02-server", ".", "--frob"}, "--frob");
  ExpectSentence({"grade", "02-server", ".", "--world", "mars"}, "mars");
  ExpectSentence({"grade", "02-server", ".", "--seed", "-3"}, "-3");
  ExpectSentence({"grade", "02-server", ".", "--seed", "99999999999999999999999"}, "99999999999999999999999");
  ExpectSentence({"grade", "02-server", ".", "--runs", "0"}, "--runs");
  ExpectSentence({"start", "02-server", "x", "--language", "rust"}, "rust");
}

TEST(BadInputTest, AnUnknownExerciseGetsTheNearestName) {
  ExpectSentence({"grade", "02-serve", ExerciseFile("02-server/solution/c")}, "did you mean `02-server`?");
  ExpectSentence({"start", "echo", Folder("unknown") + "/new"}, "did you mean `03-echo`?");
  EXPECT_FALSE(Exists(testing::TempDir() + "/unknown/new"));
}

TEST(BadInputTest, AMissingSubmissionIsNamed) {
  ExpectSentence({"grade", "02-server", "no/such/file.c"}, "no/such/file.c: no such file or directory");
}

TEST(BadInputTest, WhatIsNoFileOrDirectoryIsNamed) {
  ExpectSentence({"grade", "02-server", "/dev/null"}, "/dev/null: neither a file nor a directory");
}

TEST(BadInputTest, ADirectoryWithoutEntryPointIsToldWhatItNeeds) {
  const std::string folder = Folder("no-entry");
  ExpectSentence({"grade", "02-server", folder}, "has no files in it");
  WriteFile(folder + "/notes.txt", "x");
  WriteFile(folder + "/more.txt", "x");
  ExpectSentence({"grade", "02-server", folder}, "it needs server.c");
  WriteFile(folder + "/server.c", "x");
  WriteFile(folder + "/server.py", "x");
  ExpectSentence({"grade", "02-server", folder}, "both server.c and server.py");
}

TEST(BadInputTest, WhatDoesNotCompileGetsTheCompilersWordsAlone) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::string folder = Folder("wrong");
  WriteFile(folder + "/server.c", "int main(void) { retrun 0; }\n");
  const Ran c = Duet({"grade", "02-server", folder, "--json", folder + "/report.json"});
  EXPECT_EQ(c.status, kWrongUse);
  EXPECT_EQ(c.output, "");
  EXPECT_THAT(c.error_output, AllOf(StartsWith("server.c: In function"), HasSubstr("retrun"), Not(HasSubstr("duet"))));
  EXPECT_FALSE(Exists(folder + "/report.json"));

  WriteFile(folder + "/wrong.py", "def f(:\n");
  const Ran python = Duet({"grade", "02-server", folder + "/wrong.py"});
  EXPECT_EQ(python.status, kWrongUse);
  EXPECT_THAT(python.error_output,
              AllOf(HasSubstr("wrong.py\", line 1"), HasSubstr("SyntaxError"), Not(HasSubstr("duet"))));
}

TEST(BadInputTest, AStaticBinaryIsToldHowToLink) {
  if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
  const std::string folder = Folder("static");
  WriteFile(folder + "/main.c", "int main(void) { return 0; }\n");
  const std::string gcc = "gcc -static -o " + folder + "/server " + folder + "/main.c";
  ASSERT_EQ(system(gcc.c_str()), 0);
  ExpectSentence({"grade", "02-server", folder + "/server"}, "statically linked");
}

TEST(BadInputTest, ATokenWithATypoIsNotReplayed) {
  const std::string program = ExerciseFile("02-server/solution/c");
  ExpectSentence({"replay", "02-server", program}, "this is not a token: `02-server`");
  ExpectSentence({"replay", "02-server/five:s1:00000000:000", program}, "has a typo");
}

TEST(BadInputTest, AServerThatIsNotThereIsNamed) {
  ExpectSentence({"list", "--server", "127.0.0.1:1"}, "no Duet server answers at 127.0.0.1:1");
  ExpectSentence({"list", "--server", "nowhere"}, "`nowhere` is not of the form HOST:PORT");
}

TEST(BadInputTest, WhereNoReportCanBeWrittenNothingIsGraded) {
  ExpectSentence({"grade", "02-server", ExerciseFile("02-server/solution/c"), "--json", "/no/such/folder/x.json"},
                 "/no/such/folder/x.json: cannot be written");
}

TEST(BadInputTest, StartOverwritesNothing) {
  const std::string folder = Folder("start");
  WriteFile(folder + "/server.c", "mine");
  ExpectSentence({"start", "02-server", folder}, "server.c is there already");
  EXPECT_EQ(ReadFile(folder + "/server.c"), "mine");
  EXPECT_FALSE(Exists(folder + "/README.md"));
}

}  // namespace
}  // namespace lab::e2e
