// Functions that share the lab's process in a simulated world. They can lie about their own runs; here is what they
// can't do.
#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/hostile/hostile.h"

namespace lab::hostile {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class InProcessTest : public HostileTest {
 protected:
  Graded GradeFunction(const std::string& world, const std::string& body, const std::string& before = "") {
    return Grade({{"server.cc", absl::StrCat("#include <fcntl.h>\n#include <sched.h>\n#include <signal.h>\n"
                                             "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
                                             "#include <sys/mount.h>\n#include <unistd.h>\n"
                                             "#include \"lab/sockets/function.h\"\n",
                                             before, "DUET_FUNCTION(server) {\n", body, "\nreturn 0;\n}\n")}},
                 world, {"--in-process"});
  }

  void ExpectWorthless(const Graded& graded) {
    EXPECT_EQ(graded.report.score(), 0) << graded.output;
    EXPECT_EQ(graded.report.max_score(), 10) << graded.error_output;
    EXPECT_FALSE(graded.Has(duet::v1::LAB_ERROR)) << graded.output;
    EXPECT_EQ(graded.status, 1) << graded.output << graded.error_output;
  }
};

TEST_F(InProcessTest, EndingTheSharedProcessIsTheFunctionsFault) {
  for (const char* const end : {"_Exit(0);", "abort();", "kill(getpid(), SIGKILL);",
                                "kill(getppid(), SIGKILL); kill(-1, SIGKILL);",
                                "*static_cast<volatile int*>(nullptr) = 1;"}) {
    ExpectWorthless(GradeFunction("sim", end));
  }
}

TEST_F(InProcessTest, EndingItsProcessInTheRealWorldToo) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  ExpectWorthless(GradeFunction("real", "kill(getppid(), SIGKILL); kill(-1, SIGKILL); _Exit(0);"));
}

TEST_F(InProcessTest, ALoopEnds) { ExpectWorthless(GradeFunction("sim", "for (;;) { asm volatile(\"\"); }")); }

TEST_F(InProcessTest, NoiseInTheLabsPipeIsNoReport) {
  ExpectWorthless(GradeFunction("sim",
                                "static char bytes[1 << 16]; memset(bytes, 0xff, sizeof bytes);\n"
                                "for (int i = 0; i < 100; ++i) { for (int fd = 0; fd < 256; ++fd) {\n"
                                "  if (fd != 2 && write(fd, bytes, sizeof bytes) < 0) continue; } }\n_Exit(0);"));
}

TEST_F(InProcessTest, AFunctionHasNoneOfAWorkersPowers) {
  constexpr char kTry[] =
      "static const char* hole() {\n"
      "  if (open(\"/proc/sys/kernel/core_pattern\", O_WRONLY) >= 0) return \"the kernel's knobs\";\n"
      "  if (open(\"/proc/sysrq-trigger\", O_WRONLY) >= 0) return \"sysrq\";\n"
      "  if (open(\"/dev/net/tun\", O_RDWR) >= 0) return \"tun\";\n"
      "  if (open(\"/etc/shadow\", O_RDONLY) >= 0) return \"shadow\";\n"
      "  if (unshare(CLONE_NEWUSER) == 0) return \"namespaces\";\n"
      "  if (mount(\"tmpfs\", \"/tmp\", \"tmpfs\", 0, nullptr) == 0) return \"mounts\";\n"
      "  if (getenv(\"SECRET\") != nullptr) return \"the environment\";\n"
      "  int made = 0;\n"
      "  for (; made < 200; ++made) {\n"
      "    const pid_t child = fork();\n"
      "    if (child < 0) break;\n"
      "    if (child == 0) { for (;;) pause(); }\n"
      "  }\n"
      "  return made >= 64 ? \"processes without end\" : \"\";\n"
      "}\n"
      // Before the lab knows of it, too.
      "static const char* const found = hole();\n";
  for (const char* const world : {"sim", "real"}) {
    if (std::string(world) == "real" && !WhyNoRealWorld().empty()) continue;
    const Graded graded = GradeFunction(
        world, "const std::string said = std::string(\"attacked \") + (*found ? \"HOLE \" : \"\") + found;\n"
               "process.sockets().write(2, said.data(), said.size());", kTry);
    EXPECT_THAT(graded.Said(), HasSubstr("attacked")) << graded.output << graded.error_output;
    EXPECT_THAT(graded.Said(), Not(HasSubstr("HOLE")));
    ExpectWorthless(graded);
  }
}

}  // namespace
}  // namespace lab::hostile
