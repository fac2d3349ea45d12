// What carrying programs costs, against the kernel, in one run: the same programs on the kernel's loopback and carried
// in simulated worlds, in turns, on one core. docs/performance.md has the figures.
//
//   bazel run //tests/bench:carried [ROUNDS [WHAT]]
//
// measures, seven times or as often as said, all or what has WHAT in its name.
//
// A figure is the median of the rounds' differences between a long run and a short one (but start-up's, which is a
// run's whole time). "processor" counts all processes and the kernel's work for them,
// where kernel.perf_event_paranoid lets it.
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/carried_run.h"

namespace bench {
namespace {

// A call N times; kind 4: once another thread has run.
constexpr char kCaller[] = R"(
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static void* nothing(void* unused) { return unused; }
int main(int count, char** arguments) {
  const int kind = atoi(arguments[1]), times = atoi(arguments[2]);
  struct timespec now;
  pthread_t thread;
  if (kind == 4 && (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)) return 1;
  for (int i = 0; i < times; ++i) {
    switch (kind) {
      case 0: case 4: shutdown(0, 0); break;
      case 1: syscall(SYS_shutdown, 0, 0); break;
      case 2: clock_gettime(CLOCK_MONOTONIC, &now); break;
      case 3: getppid(); break;
    }
  }
  return 0;
}
)";

constexpr char kEchoServer[] = R"(
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int count, char** arguments) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  if (bind(listener, (void*)&address, sizeof address) != 0 || listen(listener, 5) != 0) return 1;
  for (;;) {
    static char buffer[65536];
    const int fd = accept(listener, NULL, NULL);
    ssize_t got;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0) {
      if (send(fd, buffer, got, 0) != got) return 1;
    }
    close(fd);
  }
}
)";

constexpr char kEchoClient[] = R"(
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
int main(int count, char** arguments) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[2]))};
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  char byte = 'x';
  inet_aton(arguments[1], &address.sin_addr);
  if (connect(fd, (void*)&address, sizeof address) != 0) return 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int i = atoi(arguments[3]); i > 0; --i) {
    if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1) return 1;
  }
  return 0;
}
)";

// The switches of an echo and nothing else: a process gives the turn to another one and waits for it, then to a third,
// N times.
constexpr char kSwitches[] = R"(
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
enum { THEIRS, MINE };
static void wait_for(int* turn, int whose) {
  while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) != whose) syscall(SYS_futex, turn, FUTEX_WAIT, !whose, NULL);
}
static void give(int* turn, int whose) {
  __atomic_store_n(turn, whose, __ATOMIC_RELEASE);
  syscall(SYS_futex, turn, FUTEX_WAKE, 1);
}
int main(int count, char** arguments) {
  const int times = atoi(arguments[1]);
  char* const memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int* turns[2];
  for (int i = 0; i < 2; ++i) {
    turns[i] = (int*)(void*)(memory + i * 128);
    *turns[i] = MINE;
    if (fork() != 0) continue;
    for (int left = times; left > 0; --left) {
      wait_for(turns[i], THEIRS);
      give(turns[i], MINE);
    }
    return 0;
  }
  for (int i = 0; i < 2 * times; ++i) {
    give(turns[i % 2], THEIRS);
    wait_for(turns[i % 2], MINE);
  }
  while (wait(NULL) > 0) {}
  return 0;
}
)";

void PinToThisCore() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) std::abort();
}

// A line of the table: what one round gives, by item, in units of `scale` seconds.
struct Line {
  std::string name;
  std::string unit;
  double scale;
  std::function<Cost()> round;
  std::vector<Cost> rounds = {};
};

constexpr double kMicrosecond = 1e-6;
constexpr double kMillisecond = 1e-3;

using Runner = std::function<Cost(const Programs&)>;

// The cost of one item: a run with `many` of them against one with `few`.
std::function<Cost()> Each(Runner run, std::function<Programs(int)> programs, int few, int many) {
  return [=] {
    const Cost longer = run(programs(many));
    const Cost difference = longer - run(programs(few));
    return Cost{difference.wall / (many - few), difference.cpu / (many - few)};
  };
}

Programs Caller(int kind, int times) { return {{"./caller", std::to_string(kind), std::to_string(times)}}; }

Programs Echo(int times) {
  return {{"./echo_client", "ADDRESS", "PORT", std::to_string(times)}, {"./echo_server", "PORT"}};
}

Programs Redis(int requests) {
  return {{"/usr/bin/redis-benchmark", "-h", "ADDRESS", "-p", "PORT", "-n", std::to_string(requests), "-c", "50", "-q",
           "-t", "get"},
          {"/usr/bin/redis-server", "--port", "PORT", "--save", "", "--bind", "0.0.0.0", "--protected-mode", "no",
           "--logfile", "/dev/null"}};
}

std::vector<Line> Lines(const ProgramFolder& folder) {
  const Runner kernel = [&](const Programs& programs) { return OnKernel(folder, programs); };
  const Runner sandbox = [&](const Programs& programs) { return InSandbox(folder, programs); };
  const Runner world = [&](const Programs& programs) { return InWorld(folder, programs, 1); };
  const Runner link = [&](const Programs& programs) { return InWorld(folder, programs, 2); };
  const Runner real_world = [&](const Programs& programs) { return InRealWorld(folder, programs, 1); };
  const Runner real_link = [&](const Programs& programs) { return InRealWorld(folder, programs, 2); };
  const auto calls = [](int kind) { return [kind](int times) { return Caller(kind, times); }; };
  const auto switches = [](int times) { return Programs{{"./switches", std::to_string(times)}}; };
  std::vector<Line> lines;
  const auto add = [&](std::string name, std::string unit, double scale, std::function<Cost()> round) {
    lines.push_back({std::move(name), std::move(unit), scale, std::move(round)});
  };
  add("a call: the kernel's shutdown", "us", kMicrosecond, Each(kernel, calls(0), 0, 1'000'000));
  add("a call: handed over to the lab", "us", kMicrosecond, Each(world, calls(0), 0, 40'000));
  add("a call: the same, once there have been threads", "us", kMicrosecond, Each(world, calls(4), 0, 40'000));
  add("a call: the same, by a trap", "us", kMicrosecond, Each(world, calls(1), 0, 40'000));
  add("a call: the clock, leased", "us", kMicrosecond, Each(world, calls(2), 0, 1'000'000));
  add("a call: getppid, trapped and passed on", "us", kMicrosecond, Each(world, calls(3), 0, 100'000));
  add("an echo: kernel's loopback", "us", kMicrosecond, Each(kernel, Echo, 100, 40'000));
  add("an echo: four switches of processes alone", "us", kMicrosecond, Each(kernel, switches, 0, 100'000));
  add("an echo: a real world's loopback, traced", "us", kMicrosecond, Each(real_world, Echo, 100, 20'000));
  add("an echo: a real world's link, traced", "us", kMicrosecond, Each(real_link, Echo, 100, 5'000));
  add("an echo: simulated loopback", "us", kMicrosecond, Each(world, Echo, 100, 20'000));
  add("an echo: simulated link, every packet traced", "us", kMicrosecond, Each(link, Echo, 100, 20'000));
  add("redis-benchmark, a request: kernel's loopback", "us", kMicrosecond, Each(kernel, Redis, 1'000, 21'000));
  add("redis-benchmark, a request: simulated link", "us", kMicrosecond, Each(link, Redis, 1'000, 6'000));
  const auto whole = [](Runner run, Programs programs) { return [=] { return run(programs); }; };
  add("a C program: its own start to its end", "ms", kMillisecond, whole(kernel, Caller(0, 0)));
  add("a C program: the same in a sandbox", "ms", kMillisecond, whole(sandbox, Caller(0, 0)));
  add("a C program: the same, carried in a world", "ms", kMillisecond, whole(world, Caller(0, 0)));
  const Programs python = {{"/usr/bin/python3", "-c", "import socket"}};
  add("python3: its own start to its end", "ms", kMillisecond, whole(kernel, python));
  add("python3: the same, carried in a world", "ms", kMillisecond, whole(world, python));
  return lines;
}

double Median(const Line& line, double Cost::*part) {
  std::vector<double> values;
  for (const Cost& cost : line.rounds) values.push_back(cost.*part / line.scale);
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) return std::nan("");
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void Run(int rounds, const std::string& what) {
  PinToThisCore();
  ProgramFolder folder;
  folder.Compile("caller", kCaller, "-pthread");
  folder.Compile("switches", kSwitches);
  folder.Compile("echo_server", kEchoServer);
  folder.Compile("echo_client", kEchoClient);
  std::vector<Line> lines = Lines(folder);
  std::erase_if(lines, [&](const Line& line) { return line.name.find(what) == std::string::npos; });
  for (int round = 0; round < rounds; ++round) {
    for (Line& line : lines) line.rounds.push_back(line.round());
  }
  std::printf("%-50s %12s %12s\n", "", "wall", "processor");
  for (const Line& line : lines) {
    std::printf("%-50s %9.2f %s %9.2f %s\n", line.name.c_str(), Median(line, &Cost::wall), line.unit.c_str(),
                Median(line, &Cost::cpu), line.unit.c_str());
  }
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 7;
  if (rounds < 1) {
    std::fprintf(stderr, "how many rounds? a number from 1 on\n");
    return 2;
  }
  bench::Run(rounds, argc > 2 ? argv[2] : "");
}
