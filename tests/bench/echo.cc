#include "tests/bench/echo.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "real/kernel_sockets.h"
#include "sim/host/sim_world.h"

namespace bench {
namespace {

// Round trips that are timed together: enough that starting and stopping the simulated world doesn't count.
constexpr int kBatch = 1'000;

}  // namespace

void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void MeasureKernel(benchmark::State& state, const Echo& echo) {
  real::KernelSockets s;
  sockaddr_in address;
  const int listener = echo.listen(s, INADDR_LOOPBACK, address);
  std::thread server([&] { echo.serve(s, listener); });
  const int fd = echo.connect(s, address);
  std::vector<char> buffer(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) echo.round_trip(s, fd, buffer);
  }
  echo.finish(s, fd);
  server.join();
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void MeasureSimulated(benchmark::State& state, const Echo& echo, int hosts) {
  sim::SimWorld world(lab::Choices::Benign(), 1);
  for (int i = 0; i < hosts; ++i) world.AddHost({.name = "host", .knobs = {}});
  sockaddr_in address;
  world.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    const int fd = echo.listen(p.sockets(), INADDR_ANY, address);
    address.sin_addr.s_addr = htonl(world.address(0));
    echo.serve(p.sockets(), fd);
    return 0;
  });
  world.RunFor(std::chrono::milliseconds(1));
  int done = 0;
  world.Start(hosts - 1, {.name = "client", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    const int fd = echo.connect(p.sockets(), address);
    std::vector<char> buffer(static_cast<size_t>(state.range(0)), 'x');
    for (;; ++done) echo.round_trip(p.sockets(), fd, buffer);
    return 0;
  });
  for (auto _ : state) {
    const int end = done + kBatch;
    if (!world.RunUntil([&] { return done >= end; }, std::chrono::hours(1))) state.SkipWithError("no progress");
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

}  // namespace bench
