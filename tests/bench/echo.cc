#include "tests/bench/echo.h"

#include <arpa/inet.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "real/kernel_sockets.h"

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

SimulatedEcho::SimulatedEcho(const Echo& echo, Ground ground, size_t length)
    : world_(lab::Choices::Benign(), 1, ground.tracing) {
  for (int i = 0; i < ground.hosts; ++i) world_.AddHost({.name = "host", .knobs = {}});
  world_.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
    const int fd = echo.listen(p.sockets(), INADDR_ANY, address_);
    address_.sin_addr.s_addr = htonl(world_.address(0));
    echo.serve(p.sockets(), fd);
    return 0;
  });
  world_.RunFor(std::chrono::milliseconds(1));
  const lab::StartOptions client{.name = "client", .arguments = {}, .input = {}};
  world_.Start(ground.hosts - 1, client, [this, &echo, length](lab::Process& p) {
    const int fd = echo.connect(p.sockets(), address_);
    std::vector<char> buffer(length, 'x');
    for (;; ++done_) echo.round_trip(p.sockets(), fd, buffer);
    return 0;
  });
}

bool SimulatedEcho::Run(int round_trips) {
  const int end = done_ + round_trips;
  return world_.RunUntil([&] { return done_ >= end; }, std::chrono::hours(1));
}

void MeasureSimulated(benchmark::State& state, const Echo& echo, Ground ground) {
  SimulatedEcho simulated(echo, ground, static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    if (!simulated.Run(kBatch)) state.SkipWithError("no progress");
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

}  // namespace bench
