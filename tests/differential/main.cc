// The differential fuzzer: draws programs and performs each on the kernel and in the simulation.
//
//     bazel run -c opt //tests/differential -- --programs=1000 --seed=1
//
// Exit status: 0 where all agree, 1 where something diverged, 3 where this machine has no namespaces.

#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "real/kernel_sockets.h"
#include "tests/differential/campaign.h"
#include "tests/differential/kernel_network.h"
#include "tests/differential/kernel_stage.h"
#include "tests/differential/sim_stage.h"

namespace {

constexpr char kUsage[] =
    "differential [--programs=N] [--seed=S] [--tell=N] [--seconds=N]\n"
    "  --programs  how many programs (1000)\n"
    "  --seed      the first one's seed; the others' follow (1)\n"
    "  --tell      how many divergences to make smaller and print (10)\n"
    "  --seconds   end after so many (0: no limit)\n";

// Ends the program where the arguments are not understood.
differential::CampaignOptions Parse(int argc, char** argv) {
  differential::CampaignOptions options;
  const option known[] = {{"programs", required_argument, nullptr, 'p'},
                          {"seed", required_argument, nullptr, 's'},
                          {"tell", required_argument, nullptr, 't'},
                          {"seconds", required_argument, nullptr, 'l'},
                          {}};
  int given;
  while ((given = getopt_long(argc, argv, "", known, nullptr)) != -1) {
    const bool good = given == 'p'   ? absl::SimpleAtoi(optarg, &options.programs)
                      : given == 's' ? absl::SimpleAtoi(optarg, &options.first_seed)
                      : given == 't' ? absl::SimpleAtoi(optarg, &options.most_told)
                      : given == 'l' ? absl::SimpleAtod(optarg, &options.most_seconds)
                                     : false;
    if (good) continue;
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const differential::CampaignOptions options = Parse(argc, argv);
  const auto network = differential::KernelNetwork::Enter();
  if (!network.ok()) {
    std::fprintf(stderr, "differential: %s\n", std::string(network.status().message()).c_str());
    return 3;
  }
  real::KernelSockets sockets;
  differential::KernelStage kernel(**network, sockets);
  differential::SimStage simulated;
  const differential::Summary summary = RunCampaign(options, kernel, simulated, [](const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  });
  std::printf("seeds from %llu: %s", static_cast<unsigned long long>(options.first_seed), summary.ToString().c_str());
  return summary.diverged > 0 ? 1 : 0;
}
