// Programs that lie: over the channel, by what they print, and by how they end.
#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/hostile/hostile.h"

namespace lab::hostile {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ForgeryTest : public HostileTest {
 protected:
  // No points, and nobody's fault but its own.
  void ExpectWorthless(const Graded& graded) {
    EXPECT_EQ(graded.report.score(), 0) << graded.output;
    EXPECT_EQ(graded.report.max_score(), 10);
    EXPECT_FALSE(graded.Has(duet::v1::LAB_ERROR)) << graded.output;
    EXPECT_FALSE(graded.Has(duet::v1::PASSED)) << graded.output;
    EXPECT_EQ(graded.status, 1) << graded.output << graded.error_output;
  }
};

TEST_F(ForgeryTest, RequestsOfAProgramsOwnMakingDoTheLabNoHarm) {
  ExpectWorthless(Grade(AttackingServer("scribbles.c"), "sim", {"--runs", "3"}));
}

TEST_F(ForgeryTest, WhatAProgramPrintsIsShownAsWhatItIs) {
  const Graded graded = Grade(AttackingServer("talks.c"), "sim");
  EXPECT_EQ(graded.report.score(), 0) << graded.output;
  EXPECT_EQ(graded.status, 1);
  EXPECT_THAT(graded.output, AllOf(Not(HasSubstr("\033")), Not(HasSubstr("\007")), Not(HasSubstr("\r")),
                                   Not(HasSubstr("\xff")), Not(HasSubstr("\xe2\x80\xae"))));
  EXPECT_THAT(graded.output, Not(HasSubstr("\nscore 10 of 10")));
  EXPECT_THAT(graded.output, HasSubstr("\nscore 0 of 10"));
}

TEST_F(ForgeryTest, NoExitStatusEarnsAnything) {
  for (const int status : {0, 1, 77, 126, 127, 128, 137, 255}) {
    ExpectWorthless(Grade({{"server.c", absl::StrCat("int main(void) { return ", status, "; }\n")}}, "sim"));
  }
  ExpectWorthless(Grade({{"server.c", "#include <signal.h>\nint main(void) { return kill(0, SIGKILL); }\n"}}, "sim"));
}

TEST_F(ForgeryTest, NoExitStatusEarnsAnythingInTheRealWorld) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  for (const int status : {77, 127, 137}) {
    ExpectWorthless(Grade({{"server.c", absl::StrCat("int main(void) { return ", status, "; }\n")}}, "real"));
  }
}

TEST_F(ForgeryTest, OutputHasALimit) {
  constexpr char kFlood[] =
      "#include <string.h>\n#include <unistd.h>\n"
      "int main(void) { static char bytes[1 << 16]; memset(bytes, '\\n', sizeof bytes);\n"
      "  for (;;) write(1, bytes, sizeof bytes); }\n";
  for (const char* const world : {"sim", "real"}) {
    if (std::string(world) == "real" && !WhyNoRealWorld().empty()) continue;
    const Graded graded = Grade({{"server.c", kFlood}}, world);
    ExpectWorthless(graded);
    EXPECT_THAT(graded.output, HasSubstr("MiB")) << graded.output;
  }
}

TEST_F(ForgeryTest, ALoopWithoutCallsEndsByItsProcessorTime) {
  ExpectWorthless(Grade({{"server.c", "int main(void) { for (;;) { } }\n"}}, "sim"));
}

TEST_F(ForgeryTest, SleepingWhereNobodyCarriesIsNoticed) {
  // Straight into the kernel, waking up again and again.
  constexpr char kSleeper[] =
      "#include <sys/syscall.h>\n#include <time.h>\n"
      "typedef long (*Kernel)(long, long, long, long, long, long, long);\n"
      "int main(void) { struct timespec a_while = {0, 20000000};\n"
      "  for (int i = 0;; ++i) ((Kernel)0x7d0e7000)(i % 2 ? SYS_nanosleep : SYS_clock_nanosleep,\n"
      "    i % 2 ? (long)&a_while : 0, 0, (long)&a_while, 0, 0, 0); }\n";
  const Graded graded = Grade({{"server.c", kSleeper}}, "sim");
  ExpectWorthless(graded);
  EXPECT_TRUE(graded.Has(duet::v1::UNSUPPORTED)) << graded.output;
}

}  // namespace
}  // namespace lab::hostile
