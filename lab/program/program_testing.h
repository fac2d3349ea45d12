// For tests: programs compiled where the test runs, and a simulated world to run them in.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "lab/program/program.h"
#include "sim/host/sim_world.h"

namespace lab {

// What the C programs of tests include.
inline constexpr char kIncludes[] = R"(
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <linux/futex.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in at(const char* address, int port) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_aton(address, &in.sin_addr);
  return in;
}
static int listening(int port) {
  struct sockaddr_in in = at("0.0.0.0", port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (void*)&in, sizeof in) != 0 || listen(fd, 5) != 0) perror("listening");
  return fd;
}
static int connected(const char* address, int port) {
  struct sockaddr_in in = at(address, port);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (void*)&in, sizeof in) != 0) perror("connect");
  return fd;
}
)";

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status available = SandboxAvailable();
    if (!available.ok()) GTEST_SKIP() << available.message();
    char folder[] = "/tmp/duet-program-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  const std::string& folder() const { return folder_; }

  // Compiles C or C++, by the extension, as a student would. The program's name is the source's without it.
  void Compile(const std::string& source, const std::string& code, const std::string& flags = "") {
    std::ofstream(folder_ + "/" + source) << code;
    const std::string compiler = source.ends_with(".c") ? "gcc" : "g++";
    const std::string name = source.substr(0, source.find('.'));
    const std::string line = "cd " + folder_ + " && " + compiler + " -w -o " + name + " " + source + " " + flags;
    ASSERT_EQ(std::system(line.c_str()), 0);
  }
  // A C program from the body of its main.
  void CompileMain(const std::string& name, const std::string& body, const std::string& flags = "") {
    Compile(name + ".c", std::string(kIncludes) + "int main(int argc, char** argv) {\n" + body + "\n}\n", flags);
  }
  // What that program, compiled before, writes where the kernel runs it: for calls of which the program's own kernel
  // is the specification.
  std::string KernelsOutput(const std::string& name, const std::string& argument = "") const {
    FILE* const output = popen((folder_ + "/" + name + " " + argument).c_str(), "r");
    std::string text;
    for (int c = 0; output != nullptr && (c = fgetc(output)) != EOF;) text += static_cast<char>(c);
    if (output != nullptr) pclose(output);
    return text;
  }
  void WritePython(const std::string& name, const std::string& code) { std::ofstream(folder_ + "/" + name) << code; }

  ProgramOptions Options(const std::string& program) const {
    ProgramOptions options;
    options.folder = folder_;
    if (program.ends_with(".py")) options.command = {"/usr/bin/python3"};
    options.command.push_back("/submission/" + program);
    return options;
  }

 private:
  std::string folder_;
};

// A simulated world of two hosts, alpha (10.0.0.1) and beta (10.0.0.2).
struct TwoHosts {
  explicit TwoHosts(Choices choices = Choices::Benign()) : world(std::move(choices), 1) {
    HostOptions options;
    options.name = "alpha";
    alpha = world.AddHost(options);
    options.name = "beta";
    beta = world.AddHost(options);
  }

  ProcessId Start(HostId host, const ProgramOptions& program, std::vector<std::string> arguments = {},
                  std::string input = "") {
    StartOptions options;
    options.name = std::filesystem::path(program.command.back()).stem();
    options.arguments = std::move(arguments);
    options.input = std::move(input);
    return world.Start(host, options, CarriedProgram(program));
  }

  // Until all that were started have ended, or wait for each other.
  void Run(Duration limit = std::chrono::seconds(1000)) {
    world.RunUntil([] { return false; }, limit);
  }

  sim::SimWorld world;
  HostId alpha;
  HostId beta;
};

// Runs a program alone on alpha: as it comes, and twice as drawn from a seed, which has to give the same run. It ends,
// and nothing is reported of it.
inline Outcome RunRepeatedly(const ProgramOptions& program) {
  Outcome first;
  std::optional<uint64_t> hash;
  std::string output;
  for (const uint64_t seed : {0, 7, 7}) {
    TwoHosts hosts(seed == 0 ? Choices::Benign() : Choices::Seeded(seed));
    const ProcessId process = hosts.Start(hosts.alpha, program);
    hosts.Run();
    const Outcome& outcome = hosts.world.outcome(process);
    EXPECT_TRUE(outcome.exited) << hosts.world.Deadlock() << outcome.output;
    for (const auto& [key, value] : outcome.reports) ADD_FAILURE() << key << ": " << value;
    if (seed == 0) {
      first = outcome;
      continue;
    }
    if (hash.has_value()) {
      EXPECT_EQ(hosts.world.trace().hash(), *hash);
      EXPECT_EQ(outcome.output, output);
    }
    hash = hosts.world.trace().hash();
    output = outcome.output;
  }
  return first;
}

}  // namespace lab
