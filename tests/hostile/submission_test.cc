// Submissions that attack before any of them runs: by their names, by what they are, and through the compiler.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/e2e/duet.h"
#include "tests/hostile/hostile.h"

namespace lab::hostile {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMain[] = "int main(void) { return 0; }\n";

class SubmissionTest : public HostileTest {
 protected:
  // It does not compile, which is said in the compiler's words, and shows nothing of the machine.
  void ExpectNotBuilt(const std::map<std::string, std::string>& files) {
    const Graded graded = Grade(files, "sim");
    EXPECT_EQ(graded.status, 2) << graded.output << graded.error_output;
    EXPECT_THAT(graded.error_output, AllOf(Not(HasSubstr("SECRET")), Not(HasSubstr("root:"))));
    EXPECT_FALSE(graded.error_output.empty());
  }
};

TEST_F(SubmissionTest, TheCompilerSeesNoFileOfTheMachine) {
  for (const char* const path : {"/etc/shadow", "/root/.bashrc", "/proc/1/environ", "/proc/self/environ", "/dev/stdin",
                                 "../../../../../../etc/shadow", "/usr/lib"}) {
    ExpectNotBuilt({{"server.c", absl::StrCat("#include \"", path, "\"\n#error end\n", kMain)}});
  }
  ExpectNotBuilt({{"server.c", absl::StrCat("__asm__(\".incbin \\\"/etc/shadow\\\"\");\n", kMain)}});
}

TEST_F(SubmissionTest, TheCompilersMemoryHasALimit) {
  ExpectNotBuilt({{"server.c", absl::StrCat("#include \"/dev/zero\"\n", kMain)}});
}

TEST_F(SubmissionTest, TheCompilersWordsAreCutAndShownAsTheyAre) {
  std::string source = "#warning \"\033[2J\xff\xfe\xc0 escaped\"\n";
  for (int i = 0; i < 2'000; ++i) absl::StrAppend(&source, "#warning score 10 of 10\n");
  const Graded graded = Grade({{"server.c", source + kMain}}, "sim");
  EXPECT_EQ(graded.report.score(), 0);
  EXPECT_EQ(graded.status, 1) << graded.output << graded.error_output.substr(0, 1000);
  EXPECT_LT(graded.error_output.size(), 1u << 18);
  EXPECT_THAT(graded.error_output, Not(HasSubstr("\033")));
}

TEST_F(SubmissionTest, CodeThatRunsBeforeMainIsTheProgramsOwn) {
  auto files = HonestServer();
  files["server.c"] += "__attribute__((constructor)) static void early(void) { write(1, \"early\", 5); }\n";
  EXPECT_EQ(Grade(files, "sim").status, 0);
}

TEST_F(SubmissionTest, OtherFilesOfASubmissionAreNotRun) {
  auto files = HonestServer();
  files["Makefile"] = "all:\n\ttouch /submission/made; exit 1\n";
  files["CMakeLists.txt"] = "message(FATAL_ERROR no)\n";
  files["gcc"] = "#!/bin/sh\nexit 1\n";
  files["as"] = "#!/bin/sh\nexit 1\n";
  files["specs"] = "*link:\n--no\n";
  files["cc1.so"] = "no\n";
  files["stdio.h"] = "#error not this one\n";
  EXPECT_EQ(Grade(files, "sim").status, 0);
}

TEST_F(SubmissionTest, PythonModulesOfASubmissionAreNotTheLabs) {
  const std::string server = e2e::ReadFile(e2e::ExerciseFile("02-server/solution/python/server.py"));
  const std::string evil = "import os\nos.write(2, b'HOLE')\nos._exit(1)\n";
  std::map<std::string, std::string> files = {{"server.py", server}};
  for (const char* const module :
       {"py_compile.py", "sitecustomize.py", "usercustomize.py", "runpy.py", "encodings.py"}) {
    files[module] = evil;
  }
  const Graded graded = Grade(files, "sim");
  EXPECT_EQ(graded.status, 0) << graded.output << graded.error_output;
  EXPECT_THAT(graded.error_output + graded.Said(), Not(HasSubstr("HOLE")));
  // Its own program's, they are.
  files["socket.py"] = evil;
  EXPECT_EQ(Grade(files, "sim").report.score(), 0);
}

TEST_F(SubmissionTest, NamesLeadNowhere) {
  auto files = HonestServer();
  files["new\nline"] = "x";
  const Graded newline = Grade(files, "sim");
  EXPECT_EQ(newline.status, 2);
  EXPECT_THAT(newline.error_output, HasSubstr("control character"));
  files = HonestServer();
  files["\033[2J"] = "x";
  const Graded escape = Grade(files, "sim");
  EXPECT_EQ(escape.status, 2);
  EXPECT_THAT(escape.error_output, Not(HasSubstr("\033")));
}

TEST_F(SubmissionTest, NamesThatAreNoTextAreRefusedInASentence) {
  auto files = HonestServer();
  files["\xff\xfe.txt"] = "x";
  const Graded graded = Grade(files, "sim");
  EXPECT_EQ(graded.status, 2) << graded.output << graded.error_output;
  EXPECT_THAT(graded.error_output, Not(HasSubstr("\xff")));
}

TEST_F(SubmissionTest, ALinkBringsNoFileOfWhoeverGrades) {
  const std::string path = folder() + "/links";
  std::filesystem::create_directories(path);
  e2e::WriteFile(path + "/server.c", HonestServer()["server.c"]);
  e2e::WriteFile(folder() + "/secret", "SECRET");
  std::filesystem::create_symlink(folder() + "/secret", path + "/secret");
  const Graded graded = GradePath(path, "sim");
  EXPECT_EQ(graded.status, 2);
  EXPECT_THAT(graded.error_output, HasSubstr("is a link"));
}

TEST_F(SubmissionTest, SizeHasALimit) {
  auto files = HonestServer();
  files["big.txt"] = std::string((16 << 20) + 1, 'x');
  EXPECT_EQ(Grade(files, "sim").status, 2);
  files = {{"server.c", std::string(8 << 20, '(') + kMain}};
  ExpectNotBuilt(files);
}

}  // namespace
}  // namespace lab::hostile
