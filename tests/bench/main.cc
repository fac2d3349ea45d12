// Kernel and simulated network in one run, interleaved. What is counted is the time on the core, of all threads
// together and the kernel's work included: with one core it is the time that passes, less what others on the machine
// take. docs/performance.md has the figures.
#include <sched.h>

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "tests/bench/echo.h"

namespace bench {
namespace {

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

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::PinToFirstCore();
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
