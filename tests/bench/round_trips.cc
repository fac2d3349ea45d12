// A number of simulated round trips and nothing else, for a profiler that counts instructions:
//   valgrind --tool=callgrind bazel-bin/tests/bench/round_trips tcp 1 10000
// What 10,000 more cost is the price of a round trip, and 0 the price of the world around them.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/echo.h"

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "usage: round_trips tcp|udp HOSTS COUNT [BYTES]\n");
    return 2;
  }
  const bool tcp = std::string_view(argv[1]) == "tcp";
  const size_t length = argc == 5 ? static_cast<size_t>(std::atol(argv[4])) : 1;
  bench::SimulatedEcho echo(tcp ? bench::kStreams : bench::kDatagrams, std::atoi(argv[2]), length);
  return echo.Run(std::atoi(argv[3])) ? 0 : 1;
}
