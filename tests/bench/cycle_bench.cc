// Connect, accept, close: connections that carry nothing, one after another.
#include <arpa/inet.h>

#include "real/kernel_sockets.h"
#include "tests/bench/echo.h"

namespace bench {
namespace {

using lab::Sockets;

// One thread plays both ends. The server closes first, so that it is the listener's port that is in TIME-WAIT: the
// client's may be chosen again.
class Cycles {
 public:
  Cycles(Sockets& s, uint32_t on) : s_(s), listener_(kStreams.listen(s, on, address_)) {}
  ~Cycles() { s_.close(listener_); }

  void Next() {
    const int client = kStreams.connect(s_, address_);
    const int server = s_.accept(listener_, nullptr, nullptr);
    if (server < 0) Die("accept");
    s_.close(server);
    char byte;
    if (s_.recv(client, &byte, 1, 0) != 0) Die("recv");
    s_.close(client);
  }

 private:
  Sockets& s_;
  sockaddr_in address_;
  int listener_;
};

void KernelCycles(benchmark::State& state) {
  real::KernelSockets s;
  Cycles cycles(s, INADDR_LOOPBACK);
  for (auto _ : state) cycles.Next();
  state.SetItemsProcessed(state.iterations());
}

void SimulatedLoopbackCycles(benchmark::State& state) {
  constexpr int kBatch = 1'000;
  SimulatedCycles cycles;
  for (auto _ : state) {
    if (!cycles.Run(kBatch)) state.SkipWithError("no progress");
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

BENCHMARK(KernelCycles)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackCycles)->MeasureProcessCPUTime();

}  // namespace

SimulatedCycles::SimulatedCycles() : world_(lab::Choices::Benign(), 1, lab::Tracing::kOff) {
  world_.AddHost({.name = "host", .knobs = {}});
  world_.Start(0, {.name = "both", .arguments = {}, .input = {}}, [this](lab::Process& p) {
    Cycles cycles(p.sockets(), INADDR_LOOPBACK);
    for (;; ++done_) cycles.Next();
    return 0;
  });
}

bool SimulatedCycles::Run(int cycles) {
  const int end = done_ + cycles;
  return world_.RunUntil([&] { return done_ >= end; }, std::chrono::hours(1));
}

}  // namespace bench
