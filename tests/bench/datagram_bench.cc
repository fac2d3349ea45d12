// In-process UDP echo, measured as the TCP echo beside it: the kernel's loopback and the simulated network, interleaved
// with the others in one run.
#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "real/kernel_sockets.h"
#include "sim/host/sim_world.h"

namespace {

using lab::Sockets;

constexpr int kBatch = 1'000;

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A descriptor bound to a free port; sets `address` to where it is.
int Bind(Sockets& s, uint32_t on, sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(on);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (s.bind(fd, generic, length) != 0 || s.getsockname(fd, generic, &length) != 0) Die("bind");
  return fd;
}

int Connect(Sockets& s, const sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
  if (s.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("connect");
  return fd;
}

// Until an empty datagram comes.
void ServeEcho(Sockets& s, int fd) {
  std::vector<char> buffer(65'536);
  for (;;) {
    sockaddr_in from;
    socklen_t length = sizeof from;
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = s.recvfrom(fd, buffer.data(), buffer.size(), 0, generic, &length);
    if (n <= 0) break;
    s.sendto(fd, buffer.data(), static_cast<size_t>(n), 0, generic, length);
  }
  s.close(fd);
}

void RoundTrip(Sockets& s, int fd, std::vector<char>& buffer) {
  if (s.send(fd, buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(buffer.size())) Die("send");
  if (s.recv(fd, buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(buffer.size())) Die("recv");
}

void KernelDatagrams(benchmark::State& state) {
  real::KernelSockets s;
  sockaddr_in address;
  const int server = Bind(s, INADDR_LOOPBACK, address);
  std::thread thread([&] { ServeEcho(s, server); });
  const int fd = Connect(s, address);
  std::vector<char> buffer(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) RoundTrip(s, fd, buffer);
  }
  s.send(fd, nullptr, 0, 0);
  thread.join();
  s.close(fd);
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// `hosts` as for the TCP echo: 1, over the host's own loopback; 2, over a link, with every packet traced.
void SimulatedDatagrams(benchmark::State& state, int hosts) {
  sim::SimWorld world(lab::Choices::Benign(), 1);
  for (int i = 0; i < hosts; ++i) world.AddHost({.name = "host", .knobs = {}});
  sockaddr_in address;
  world.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    const int fd = Bind(p.sockets(), INADDR_ANY, address);
    address.sin_addr.s_addr = htonl(world.address(0));
    ServeEcho(p.sockets(), fd);
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

void SimulatedLoopbackDatagrams(benchmark::State& state) { SimulatedDatagrams(state, 1); }
void SimulatedLinkDatagrams(benchmark::State& state) { SimulatedDatagrams(state, 2); }

BENCHMARK(KernelDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLinkDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();

}  // namespace
