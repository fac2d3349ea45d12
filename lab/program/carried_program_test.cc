// Programs carried over a Process whose sockets are the kernel's: what the library and the lab's side do between them.
// (Over the simulated network: tests of //sim/host and //tests.)
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "lab/choice/choices.h"
#include "lab/program/program.h"
#include "lab/world/world.h"
#include "real/kernel_sockets.h"

namespace lab {
namespace {

// The kernel's sockets, but for the standard streams, which are strings here.
class StringStreams : public real::KernelSockets {
 public:
  explicit StringStreams(std::string input) : input_(std::move(input)) {}

  ssize_t read(int fd, void* buffer, size_t length) override {
    if (fd > 2) return KernelSockets::read(fd, buffer, length);
    const size_t part = std::min(length, input_.size());
    std::memcpy(buffer, input_.data(), part);
    input_.erase(0, part);
    return static_cast<ssize_t>(part);
  }
  ssize_t write(int fd, const void* buffer, size_t length) override {
    if (fd > 2) return KernelSockets::write(fd, buffer, length);
    (fd == 1 ? output : error_output).append(static_cast<const char*>(buffer), length);
    return static_cast<ssize_t>(length);
  }
  int close(int fd) override { return fd < 3 ? 0 : KernelSockets::close(fd); }
  int dup(int fd) override { return fd < 3 ? fd : KernelSockets::dup(fd); }
  int gethostname(char* name, size_t length) override {
    std::strncpy(name, "alpha", length);
    return 0;
  }

  std::string output;
  std::string error_output;

 private:
  std::string input_;
};

// Its time moves only by sleeping.
class TestProcess : public Process {
 public:
  TestProcess(std::vector<std::string> arguments, std::string input)
      : arguments_(std::move(arguments)), streams(std::move(input)) {}

  Sockets& sockets() override { return streams; }
  const std::vector<std::string>& arguments() const override { return arguments_; }
  Time now() override { return now_; }
  void sleep(Duration duration) override { now_ += duration; }
  void random(void* buffer, size_t length) override {
    FillFromSeed(1, 0, drawn_, buffer, length);
    drawn_ += length;
  }
  void report(std::string_view key, std::string_view value) override { reports[std::string(key)] = value; }

 private:
  std::vector<std::string> arguments_;
  Time now_{0};
  uint64_t drawn_ = 0;

 public:
  StringStreams streams;
  std::map<std::string, std::string, std::less<>> reports;
};

struct Ran {
  int status = -1;
  std::string output;
  std::string error_output;
  std::string unsupported;
  std::string limit;
  std::string lab_error;
};

class Carried : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status available = SandboxAvailable();
    if (!available.ok()) GTEST_SKIP() << available.message();
    char folder[] = "/tmp/duet-carried-XXXXXX";
    folder_ = mkdtemp(folder);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // Compiles C (or C++, by the extension) in the folder, by a line that a student would type.
  void Compile(const std::string& name, const std::string& code, const std::string& flags = "") {
    const std::string source = folder_ + "/" + name;
    std::ofstream(source) << code;
    const std::string compiler = name.ends_with(".c") ? "gcc" : "g++";
    const std::string program = folder_ + "/" + name.substr(0, name.find('.'));
    ASSERT_EQ(system(absl::StrCat(compiler, " -w -o ", program, " ", source, " ", flags).c_str()), 0);
  }

  ProgramOptions Options(const std::string& program) {
    ProgramOptions options;
    options.folder = folder_;
    if (program.ends_with(".py")) options.command = {"/usr/bin/python3"};
    options.command.push_back("/submission/" + program);
    return options;
  }

  static Ran Run(const ProgramOptions& options, std::vector<std::string> arguments = {}, std::string input = "") {
    arguments.insert(arguments.begin(), "program");
    TestProcess process(std::move(arguments), std::move(input));
    Ran ran;
    ran.status = CarriedProgram(options)(process);
    ran.output = process.streams.output;
    ran.error_output = process.streams.error_output;
    ran.unsupported = process.reports[std::string(kUnsupportedReport)];
    ran.limit = process.reports[std::string(kLimitReport)];
    ran.lab_error = process.reports[std::string(kLabErrorReport)];
    return ran;
  }

  // A C program of one main.
  Ran RunC(const std::string& body, std::string input = "", const std::string& flags = "") {
    Compile("program.c", absl::StrCat(kIncludes, "int main(int argc, char** argv) {\n", body, "\n}\n"), flags);
    return Run(Options("program"), {}, std::move(input));
  }
  Ran RunPython(const std::string& code, std::string input = "") {
    std::ofstream(folder_ + "/program.py") << code;
    return Run(Options("program.py"), {}, std::move(input));
  }

  static constexpr char kIncludes[] = R"(
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
)";

  std::string folder_;
};

TEST_F(Carried, PrintedTextIsTheOutput) {
  const Ran ran = RunC(R"(printf("hello %d\n", argc); fprintf(stderr, "oops\n"); return 3;)");
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.output, "hello 1\n");
  EXPECT_EQ(ran.error_output, "oops\n");
  EXPECT_EQ(ran.unsupported + ran.limit + ran.lab_error, "");
}

TEST_F(Carried, StandardInputIsRead) {
  const Ran ran = RunC(R"(char line[100]; while (fgets(line, 100, stdin)) printf("<%s>", line); return 0;)", "a\nb");
  EXPECT_EQ(ran.output, "<a\n><b>");
}

}  // namespace
}  // namespace lab
