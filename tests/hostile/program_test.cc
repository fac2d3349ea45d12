// Programs that attack first and then serve as they should: the attack finds no hole, and costs them nothing.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include <netinet/in.h>

#include "absl/strings/str_cat.h"
#include "tests/hostile/hostile.h"

namespace lab::hostile {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ProgramTest : public HostileTest {
 protected:
  void ExpectHarmless(const std::map<std::string, std::string>& files, const std::string& world) {
    const Graded graded = Grade(files, world);
    EXPECT_THAT(graded.Said(), Not(HasSubstr("HOLE")));
    EXPECT_THAT(graded.Said(), HasSubstr("attacked"));
    EXPECT_EQ(graded.report.score(), graded.report.max_score()) << graded.output;
    EXPECT_EQ(graded.status, 0) << graded.output << graded.error_output;
  }
};

TEST_F(ProgramTest, FindsNothingInTheSimulatedWorld) { ExpectHarmless(AttackingServer("looks_around.c"), "sim"); }

TEST_F(ProgramTest, FindsNothingInTheRealWorld) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  ExpectHarmless(AttackingServer("looks_around.c"), "real");
}

TEST_F(ProgramTest, FillsNoMoreThanItsLimitsInTheSimulatedWorld) { ExpectHarmless(AttackingServer("fills.c"), "sim"); }

TEST_F(ProgramTest, FillsNoMoreThanItsLimitsInTheRealWorld) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  ExpectHarmless(AttackingServer("fills.c"), "real");
}

TEST_F(ProgramTest, CannotFillTheMachinesMemoryByManyProcesses) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const Graded graded = Grade(AttackingServer("grows.c"), "real");
  EXPECT_EQ(graded.report.score(), 0) << graded.output;
  EXPECT_EQ(graded.status, 1) << graded.output << graded.error_output;
  EXPECT_THAT(graded.output, HasSubstr("check memory"));
}

// A listening socket on the machine's loopback, and one with an abstract name that has the same number.
class Bait {
 public:
  Bait()
      : stream_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        local_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(stream_, any, length), 0);
    EXPECT_EQ(listen(stream_, 5), 0);
    EXPECT_EQ(getsockname(stream_, any, &length), 0);
    port_ = ntohs(address.sin_port);

    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = absl::StrCat("duet-hostile-", port_);
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto name_length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    EXPECT_EQ(bind(local_, reinterpret_cast<sockaddr*>(&name), name_length), 0);
    EXPECT_EQ(listen(local_, 5), 0);
  }
  ~Bait() {
    close(stream_);
    close(local_);
  }
  int port() const { return port_; }

 private:
  int stream_;
  int local_;
  int port_ = 0;
};

TEST_F(ProgramTest, ReachesNoNetworkButItsWorlds) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const Bait bait;
  auto files = AttackingServer("network.c");
  files["port.txt"] = absl::StrCat(bait.port(), "\n");
  ExpectHarmless(files, "real");
}

TEST_F(ProgramTest, ItsProcessesHaveALimitAndDoNotOutliveIt) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  ExpectHarmless(AttackingServer("forks.c"), "real");
}

TEST_F(ProgramTest, ProcessesMadeBehindTheLibrarysBackHaveThemToo) {
  const Graded graded = Grade(AttackingServer("stub_forks.c"), "sim");
  EXPECT_THAT(graded.Said(), Not(HasSubstr("HOLE")));
  EXPECT_FALSE(graded.Has(duet::v1::LAB_ERROR)) << graded.output;
}

TEST_F(ProgramTest, NothingRunsBeforeTheLibrary) { ExpectHarmless(AttackingServer("before_the_library.c"), "sim"); }

TEST_F(ProgramTest, ManyProcessesEarnNothingInTheSimulatedWorld) {
  const Graded graded = Grade(AttackingServer("forks.c"), "sim");
  EXPECT_THAT(graded.Said(), Not(HasSubstr("HOLE")));
  EXPECT_EQ(graded.report.score(), 0);
  EXPECT_EQ(graded.status, 1) << graded.output;
  EXPECT_THAT(graded.output, HasSubstr("has more than 64 processes and threads at once"));
}

TEST_F(ProgramTest, WhatCannotBeCarriedEarnsNothing) {
  const Graded graded = Grade({{"server.c", "#include <sys/inotify.h>\nint main(void) { inotify_init(); }\n"}}, "sim");
  EXPECT_TRUE(graded.Has(duet::v1::UNSUPPORTED)) << graded.output;
  EXPECT_EQ(graded.report.score(), 0);
  EXPECT_EQ(graded.status, 1) << graded.output;
}

}  // namespace
}  // namespace lab::hostile
