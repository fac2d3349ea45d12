// Servers and clients from Debian's packages, as they are, on the simulated network: the same in every run of a seed,
// on a link that loses packets, across a partition that heals, and as on the kernel.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lab/program/runfiles.h"
#include "tests/e2e/duet.h"

namespace lab::e2e {
namespace {

using ::testing::HasSubstr;

struct Pair {
  const char* name;
  const char* server;
  const char* client;
  const char* input;   // of the client
  const char* serves;  // what the server's output has
  const char* gets;    // what the client's has
};

constexpr Pair kPairs[] = {
    {"NetcatOpenbsd", "nc.openbsd -l 9999", "nc.openbsd -N server 9999", "hello\\n", "hello", ""},
    {"NetcatTraditional", "nc.traditional -l -p 9999", "nc.traditional -q 0 server 9999", "hello\\n", "hello", ""},
    {"Socat", "socat -u TCP-LISTEN:9999 STDOUT", "socat -u STDIN TCP:server:9999", "hello\\n", "hello", ""},
    {"SocatForks", "socat TCP-LISTEN:9999,fork EXEC:cat", "socat -t 10 STDIO TCP:server:9999", "hello\\n", "",
     "hello"},
    {"CurlAndPython", "python3 -m http.server 8000", "curl -sS http://server:8000/page.txt", "", "", "the page"},
    {"CurlAndNginx", "nginx -p /tmp -c /submission/nginx.conf", "curl -sS http://server:8080/page.txt", "", "",
     "the page"},
    {"Redis", "redis-server --save '' --bind 0.0.0.0 --protected-mode no --dir /tmp",
     "redis-cli -h server", "SET key value\\nGET key\\n", "Ready to accept connections", "OK\\nvalue\\n"},
    {"RedisBenchmark", "redis-server --save '' --bind 0.0.0.0 --protected-mode no --dir /tmp",
     "redis-benchmark -h server -n 300 -c 5 -q -t set,get", "", "", "GET: "},
    {"Memcached", "memcached", "nc.openbsd -N server 11211", "set k 0 0 5\\r\\nvalue\\r\\nget k\\r\\nquit\\r\\n", "",
     "STORED\\r\\nVALUE k 0 5\\r\\nvalue\\r\\nEND\\r\\n"},
    {"Iperf3", "iperf3 -s -1", "iperf3 -c server -n 200K", "", "Accepted connection", "iperf Done."},
};

bool Installed(const std::string& command) {
  const std::string program = std::vector<std::string>(absl::StrSplit(command, ' '))[0];
  return access(absl::StrCat("/usr/bin/", program).c_str(), X_OK) == 0 ||
         access(absl::StrCat("/usr/sbin/", program).c_str(), X_OK) == 0;
}

// Of the line "2.7 s of simulated time, …".
double SimulatedSeconds(const Ran& ran) {
  const size_t end = ran.error_output.find(" s of simulated time");
  if (end == std::string::npos) return -1;
  const size_t begin = ran.error_output.rfind('\n', end) + 1;
  return std::atof(ran.error_output.substr(begin, end - begin).c_str());
}

class ProgramsTest : public testing::TestWithParam<Pair> {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoPrograms(); !why.empty()) GTEST_SKIP() << why;
    for (const char* command : {GetParam().server, GetParam().client}) {
      if (!Installed(command)) GTEST_SKIP() << "not installed here: " << command;
    }
    folder_ = Folder(absl::StrCat("programs-", GetParam().name));
    WriteFile(folder_ + "/page.txt", "the page\n");
    WriteFile(folder_ + "/nginx.conf", ReadFile(Runfile("tests/programs/nginx.conf")));
  }

  // Runs the pair, with this in the lab beside it.
  Ran Run(const std::string& conditions, const std::vector<std::string>& options = {}) {
    const Pair& pair = GetParam();
    std::string lab = absl::StrCat(
        R"(limit: "5m" host { name: "server" } host { name: "client" })", "\n", conditions, "\n",
        R"(program { host: "server" command: ")", pair.server, "\" }\n",
        R"(program { host: "client" command: ")", pair.client, R"(" input: ")", pair.input, "\" }\n",
        R"(expect { program: "client" exit_status: 0 output_has: ")", pair.gets, "\" }\n",
        R"(expect { program: "server" output_has: ")", pair.serves, "\" }\n");
    WriteFile(folder_ + "/lab.textproto", lab);
    std::vector<std::string> line = {"run", folder_ + "/lab.textproto"};
    line.insert(line.end(), options.begin(), options.end());
    return Duet(line);
  }

  std::string folder_;
};

TEST_P(ProgramsTest, EveryRunOfASeedIsTheSame) {
  const Ran first = Run("");
  EXPECT_EQ(first.status, 0) << first.output << first.error_output;
  EXPECT_THAT(first.error_output, HasSubstr(", hash "));
  const Ran second = Run("");
  EXPECT_EQ(first.output, second.output);
  EXPECT_EQ(first.error_output, second.error_output);
}

TEST_P(ProgramsTest, ALossyLinkIsSlowerAndNothingElse) {
  const Ran ran = Run(R"(link { latency: "5ms" loss: "10%" })");
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;
}

TEST_P(ProgramsTest, APartitionThatHealsIsWaitedOut) {
  const Ran ran = Run(R"(fault { at: "0s" until: "2.5s" down { a: "server" b: "client" } })");
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;
  EXPECT_GT(SimulatedSeconds(ran), 2.5) << ran.error_output;
}

TEST_P(ProgramsTest, TheKernelsNetworkGivesTheSame) {
  if (const std::string why = WhyNoRealWorld(); !why.empty()) GTEST_SKIP() << why;
  const Ran ran = Run("", {"--world", "real"});
  EXPECT_EQ(ran.status, 0) << ran.output << ran.error_output;
}

INSTANTIATE_TEST_SUITE_P(Debian, ProgramsTest, testing::ValuesIn(kPairs),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace lab::e2e
