// In-process TCP echo: round trips a second over the kernel's loopback and over the simulated network, interleaved in
// one run. The same functions over lab::Sockets play client and server on both. What is counted is the time on the
// core, of all threads together and the kernel's work included: with one core it is the time that passes, less what
// others on the machine take. docs/performance.md has the figures.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "real/kernel_sockets.h"
#include "sim/host/sim_world.h"

namespace {

using lab::Sockets;

// Round trips that are timed together: enough that starting and stopping the simulated world doesn't count.
constexpr int kBatch = 1'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// One core for both threads of the kernel's echo, as the simulation has one: across cores it is slower.
void PinToFirstCore() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) Die("sched_getaffinity");
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) Die("sched_setaffinity");
}

// A listening descriptor on a free port of 127.0.0.1 or every address; sets `address` to where it listens.
int Listen(Sockets& s, uint32_t on, sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(on);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (s.bind(fd, generic, length) != 0 || s.listen(fd, 5) != 0) Die("listen");
  if (s.getsockname(fd, generic, &length) != 0) Die("getsockname");
  return fd;
}

int Connect(Sockets& s, const sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  if (s.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("connect");
  const int on = 1;
  s.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void ServeEcho(Sockets& s, int listener) {
  const int fd = s.accept(listener, nullptr, nullptr);
  std::vector<char> buffer(65'536);
  ssize_t n;
  while ((n = s.recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
    s.send(fd, buffer.data(), static_cast<size_t>(n), MSG_NOSIGNAL);
  }
  s.close(fd);
}

void RoundTrip(Sockets& s, int fd, std::vector<char>& buffer) {
  if (s.send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(buffer.size())) Die("send");
  if (s.recv(fd, buffer.data(), buffer.size(), MSG_WAITALL) != static_cast<ssize_t>(buffer.size())) Die("recv");
}

void KernelEcho(benchmark::State& state) {
  real::KernelSockets s;
  sockaddr_in address;
  const int listener = Listen(s, INADDR_LOOPBACK, address);
  std::thread server([&] { ServeEcho(s, listener); });
  const int fd = Connect(s, address);
  std::vector<char> buffer(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) RoundTrip(s, fd, buffer);
  }
  s.close(fd);
  server.join();
  s.close(listener);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// `hosts`: 1, over the host's own loopback, as the kernel's; 2, over a link, with every packet traced.
void SimulatedEcho(benchmark::State& state, int hosts) {
  sim::SimWorld world(lab::Choices::Benign(), 1);
  for (int i = 0; i < hosts; ++i) world.AddHost({.name = "host", .knobs = {}});
  sockaddr_in address;
  world.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    ServeEcho(p.sockets(), Listen(p.sockets(), world.address(0), address));
    return 0;
  });
  world.RunFor(std::chrono::milliseconds(1));
  int done = 0;
  world.Start(hosts - 1, {.name = "client", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    const int fd = Connect(p.sockets(), address);
    std::vector<char> buffer(static_cast<size_t>(state.range(0)), 'x');
    for (;; ++done) RoundTrip(p.sockets(), fd, buffer);
    return 0;
  });
  for (auto _ : state) {
    const int end = done + kBatch;
    if (!world.RunUntil([&] { return done >= end; }, std::chrono::hours(1))) state.SkipWithError("no progress");
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void SimulatedLoopbackEcho(benchmark::State& state) { SimulatedEcho(state, 1); }
void SimulatedLinkEcho(benchmark::State& state) { SimulatedEcho(state, 2); }

// A world from nothing: two hosts, a connection, one round trip, and all of it taken down.
void SimulatedWorlds(benchmark::State& state) {
  for (auto _ : state) {
    sim::SimWorld world(lab::Choices::Benign(), 1);
    for (const char* name : {"a", "b"}) world.AddHost({.name = name, .knobs = {}});
    sockaddr_in address;
    world.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
      ServeEcho(p.sockets(), Listen(p.sockets(), world.address(0), address));
      return 0;
    });
    world.RunFor(std::chrono::milliseconds(1));
    world.Start(1, {.name = "client", .arguments = {}, .input = {}}, [&](lab::Process& p) {
      const int fd = Connect(p.sockets(), address);
      std::vector<char> buffer(1, 'x');
      RoundTrip(p.sockets(), fd, buffer);
      return 0;
    });
    if (!world.RunUntil([&] { return world.outcome(1).exited; }, std::chrono::hours(1))) state.SkipWithError("no end");
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(KernelEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLinkEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedWorlds)->MeasureProcessCPUTime();

}  // namespace

int main(int argc, char** argv) {
  PinToFirstCore();
  // Repetitions of all of them in mixed order: what disturbs the machine disturbs each.
  std::vector<std::string> arguments = {argv[0], "--benchmark_enable_random_interleaving=true",
                                        "--benchmark_repetitions=7", "--benchmark_min_time=0.2",
                                        "--benchmark_report_aggregates_only=true"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
