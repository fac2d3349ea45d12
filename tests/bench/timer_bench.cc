// Timers of many connections: as with retransmissions, most are moved before their time comes.
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "sim/engine/event_queue.h"

namespace bench {
namespace {

class Timer final : public sim::Event {
 public:
  void OnTime() override {}
};

// One step: the first event comes and is scheduled 10 us later, as a packet is, and a timer is moved 200 ms off.
void Timers(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  std::mt19937_64 draws(1);
  const std::unique_ptr<Timer[]> timers(new Timer[count]);
  sim::EventQueue queue;
  sim::Time now{0};
  for (size_t i = 0; i < count; ++i) queue.Schedule(timers[i], sim::Time(draws() % 200'000'000));
  for (auto _ : state) {
    now = queue.next();
    queue.Schedule(queue.Pop(), now + std::chrono::microseconds(10));
    queue.Schedule(timers[draws() % count], now + std::chrono::milliseconds(200));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(Timers)->Arg(10)->Arg(1'000)->Arg(100'000)->Arg(1'000'000)->MeasureProcessCPUTime();

}  // namespace
}  // namespace bench
