// A number of simulated round trips, or of connections, and nothing else, for a profiler that counts instructions:
//   valgrind --tool=callgrind bazel-bin/tests/bench/round_trips tcp 1 10000
// What 10,000 more cost is the price of a round trip, and 0 the price of the world around them.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/echo.h"

int main(int argc, char** argv) {
  const bool traced = argc > 1 && std::string_view(argv[1]) == "traced";
  if (traced) ++argv, --argc;
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "cycles" && argc == 3) return bench::SimulatedCycles().Run(std::atoi(argv[2])) ? 0 : 1;
  if ((what != "tcp" && what != "udp") || argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: round_trips [traced] tcp|udp HOSTS COUNT [BYTES]\n       round_trips cycles COUNT\n");
    return 2;
  }
  const size_t length = argc == 5 ? static_cast<size_t>(std::atol(argv[4])) : 1;
  const bench::Ground ground{std::atoi(argv[2]), traced ? lab::Tracing::kOn : lab::Tracing::kOff};
  bench::SimulatedEcho echo(what == "tcp" ? bench::kStreams : bench::kDatagrams, ground, length);
  return echo.Run(std::atoi(argv[3])) ? 0 : 1;
}
