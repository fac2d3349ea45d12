#include "tests/bench/carried_run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_replace.h"
#include "lab/program/program.h"
#include "lab/program/sandbox.h"
#include "real/namespaces.h"
#include "real/real_world.h"
#include "sim/host/sim_world.h"

namespace bench {
namespace {

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

// Counts the processor's time of this process and of all that it makes from here on, however they end. (getrusage knows
// of those alone that somebody has waited for.) Not for everybody: kernel.perf_event_paranoid may keep it to root.
class ProcessorTime {
 public:
  ProcessorTime() {
    perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    attributes.inherit = 1;
    fd_ = static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
  }
  ~ProcessorTime() {
    if (fd_ >= 0) close(fd_);
  }
  ProcessorTime(const ProcessorTime&) = delete;
  ProcessorTime& operator=(const ProcessorTime&) = delete;

  // In seconds; not a number where it can't be had.
  double used() const {
    uint64_t nanoseconds = 0;
    if (fd_ < 0 || read(fd_, &nanoseconds, sizeof nanoseconds) != sizeof nanoseconds) return std::nan("");
    return static_cast<double>(nanoseconds) / 1e9;
  }

 private:
  int fd_;
};

// In a process of its own.
Cost Measure(const std::function<void()>& run) {
  int ends[2];
  if (pipe(ends) != 0) Die("pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) Die("fork");
  if (child == 0) {
    const ProcessorTime processor;
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
    const Cost cost = {passed.count(), processor.used()};
    if (write(ends[1], &cost, sizeof cost) != sizeof cost) Die("write");
    std::_Exit(0);
  }
  close(ends[1]);
  Cost cost;
  const bool told = read(ends[0], &cost, sizeof cost) == sizeof cost;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!told || status != 0) {
    std::fprintf(stderr, "a run failed\n");
    std::exit(1);
  }
  return cost;
}

std::vector<std::string> Filled(const std::vector<std::string>& words, const std::string& address, uint16_t port) {
  std::vector<std::string> filled;
  for (const std::string& word : words) {
    filled.push_back(absl::StrReplaceAll(word, {{"ADDRESS", address}, {"PORT", std::to_string(port)}}));
  }
  return filled;
}

pid_t Execute(const std::string& folder, const std::vector<std::string>& words) {
  const pid_t child = vfork();
  if (child < 0) Die("vfork");
  if (child > 0) return child;
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 0);
  dup2(nothing, 1);
  if (chdir(folder.c_str()) == 0) execv(pointers[0], pointers.data());
  _exit(127);
}

void ExpectSuccess(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) {
    std::fprintf(stderr, "a program ended with status %d\n", status);
    std::_Exit(1);
  }
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0) Die("bind");
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) Die("getsockname");
  close(fd);
  return ntohs(address.sin_port);
}

void WaitUntilListening(uint16_t port) {
  const sockaddr_in address = Loopback(port);
  for (;;) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (connected) return;
    usleep(1000);
  }
}

lab::ProcessId Start(lab::World& world, lab::HostId host, const std::string& folder, std::vector<std::string> words) {
  lab::ProgramOptions options;
  options.command = std::move(words);
  options.folder = folder;
  options.limits.cpu_seconds = 1000;
  const bool real = world.kind() == lab::WorldKind::kReal;
  return world.Start(host, {.name = "program", .arguments = {}, .input = {}},
                     real ? lab::ExecutedProgram(options) : lab::CarriedProgram(options));
}

void Play(lab::World& world, const std::string& folder, const Programs& programs, int hosts) {
  constexpr uint16_t kPort = 9999;
  for (int i = 0; i < hosts; ++i) world.AddHost({.name = "host" + std::to_string(i), .knobs = {}});
  const std::string address = hosts == 1 ? "127.0.0.1" : "10.0.0.1";
  if (!programs.server.empty()) {
    Start(world, 0, folder, Filled(programs.server, address, kPort));
    world.RunUntil([&] { return world.Listening(0, kPort); }, std::chrono::hours(1));
  }
  const lab::ProcessId client = Start(world, hosts - 1, folder, Filled(programs.client, address, kPort));
  world.RunUntil([&] { return world.outcome(client).exited; }, std::chrono::hours(100));
  const lab::Outcome& outcome = world.outcome(client);
  if (outcome.exited && outcome.exit_status == 0) return;
  std::fprintf(stderr, "a program in a world ended with status %d\n%s", outcome.exit_status, world.Deadlock().c_str());
  for (const auto& [key, value] : outcome.reports) std::fprintf(stderr, "%s: %s\n", key.c_str(), value.c_str());
  std::_Exit(1);
}

}  // namespace

ProgramFolder::ProgramFolder() {
  char folder[] = "/tmp/duet-benchmark-XXXXXX";
  if (mkdtemp(folder) == nullptr) Die("mkdtemp");
  path_ = folder;
}

ProgramFolder::~ProgramFolder() { std::filesystem::remove_all(path_); }

void ProgramFolder::Compile(const std::string& name, const std::string& code, const std::string& flags) const {
  const std::string file = path_ + "/" + name;
  std::ofstream(file + ".c") << code;
  if (std::system(("gcc -O2 -o " + file + " " + file + ".c " + flags).c_str()) != 0) Die("gcc");
}

Cost OnKernel(const ProgramFolder& folder, const Programs& programs) {
  const uint16_t port = FreePort();
  return Measure([&] {
    pid_t server = -1;
    if (!programs.server.empty()) {
      server = Execute(folder.path(), Filled(programs.server, "127.0.0.1", port));
      WaitUntilListening(port);
    }
    ExpectSuccess(Execute(folder.path(), Filled(programs.client, "127.0.0.1", port)));
    if (server <= 0) return;
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
  });
}

Cost InWorld(const ProgramFolder& folder, const Programs& programs, int hosts) {
  return Measure([&] {
    sim::SimWorld world(lab::Choices::Benign(), 1);
    Play(world, folder.path(), programs, hosts);
  });
}

Cost InRealWorld(const ProgramFolder& folder, const Programs& programs, int hosts) {
  return Measure([&] {
    if (const absl::Status entered = real::EnterNamespaces(); !entered.ok()) {
      std::fprintf(stderr, "%s\n", std::string(entered.message()).c_str());
      std::_Exit(1);
    }
    real::RealWorld world(lab::Choices::Benign());
    Play(world, folder.path(), programs, hosts);
  });
}

Cost InSandbox(const ProgramFolder& folder, const Programs& programs) {
  lab::SandboxOptions options;
  options.kind = lab::SandboxOptions::Kind::kProgram;
  options.mounts = {{folder.path(), "/submission"}};
  options.directory = "/submission";
  options.hostname = "host";
  const std::vector<std::string> line = lab::SandboxCommand(options, programs.client);
  return Measure([&] { ExpectSuccess(Execute("/", line)); });
}

}  // namespace bench
