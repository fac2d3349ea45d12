// What carrying costs: a call that is handed over, a look at the clock, and a program's start to its end.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "benchmark/benchmark.h"
#include "lab/program/program.h"
#include "sim/host/sim_world.h"

namespace lab {
namespace {

// A folder with a program of that source, for as long as the benchmark runs.
std::string FolderWith(const std::string& code) {
  char folder[] = "/tmp/duet-benchmark-XXXXXX";
  if (mkdtemp(folder) == nullptr) std::abort();
  const std::string path = folder;
  std::ofstream(path + "/program.c") << code;
  if (std::system(("gcc -O2 -o " + path + "/program " + path + "/program.c").c_str()) != 0) std::abort();
  return path;
}

void RunOnce(const std::string& folder, const std::vector<std::string>& command) {
  sim::SimWorld world(Choices::Benign(), 1);
  HostOptions host;
  host.name = "alpha";
  StartOptions start;
  start.name = "program";
  const HostId alpha = world.AddHost(host);
  const ProcessId process =
      world.Start(alpha, start, CarriedProgram({.command = command, .folder = folder, .limits = {}}));
  world.RunUntil([] { return false; }, std::chrono::hours(1));
  if (world.outcome(process).exit_status != 0) std::abort();
}

// A run that makes a call 100,000 times; the first of them makes none, and shows what start and end cost.
void Calls(benchmark::State& state, const char* call) {
  const std::string folder = FolderWith(std::string(R"(
    #include <sys/socket.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>
    int main(void) { struct timespec t; (void)t; for (int i = 0; i < 100000; ++i) )") + call + "; return 0; }");
  for (auto _ : state) RunOnce(folder, {"/submission/program"});
  state.SetItemsProcessed(state.iterations() * 100000);
  std::filesystem::remove_all(folder);
}
BENCHMARK_CAPTURE(Calls, none, "")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Calls, handed_over, "shutdown(0, 0)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Calls, trapped, "syscall(SYS_shutdown, 0, 0)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Calls, clock, "clock_gettime(CLOCK_MONOTONIC, &t)")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Calls, file, "getppid()")->Unit(benchmark::kMillisecond);

void PythonsStart(benchmark::State& state) {
  const std::string folder = FolderWith("int main(void) { return 0; }");
  std::ofstream(folder + "/program.py") << "import socket\n";
  for (auto _ : state) RunOnce(folder, {"/usr/bin/python3", "/submission/program.py"});
  std::filesystem::remove_all(folder);
}
BENCHMARK(PythonsStart)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lab

BENCHMARK_MAIN();
