// Many programs, one after another: drawn, compared, what diverges shrunk and told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "tests/differential/stage.h"

namespace differential {

struct CampaignOptions {
  uint64_t first_seed = 1;
  uint64_t programs = 1'000;
  int most_told = 10;     // divergences that are shrunk and told; others are only counted
  int most_a_kind = 1;    // of the same kind
  double most_seconds = 0;  // ends earlier then; 0 for no limit
};

struct Summary {
  uint64_t programs = 0;
  uint64_t discarded = 0;
  uint64_t diverged = 0;
  std::map<std::string, uint64_t> kinds;
  std::string told;  // the divergences that were shrunk
  double seconds = 0;

  std::string ToString() const;
};

// `report` gets each divergence's text as it is found.
Summary RunCampaign(const CampaignOptions& options, Stage& kernel, Stage& simulated,
                    const std::function<void(const std::string&)>& report);

// The divergence of one seed's program, shrunk, as text; empty where there is none.
std::string TellDivergence(uint64_t seed, Stage& kernel, Stage& simulated);

}  // namespace differential
