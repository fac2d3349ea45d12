#include "tests/differential/campaign.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/differential/compare.h"
#include "tests/differential/generator.h"
#include "tests/differential/print.h"
#include "tests/differential/shrink.h"

namespace differential {
namespace {

std::string Tell(uint64_t seed, const Program& program, const std::string& kind, Stage& kernel, Stage& simulated) {
  const Program small = Shrink(program, [&](const Program& candidate) {
    const Comparison comparison = Compare(candidate, kernel, simulated);
    return comparison.verdict == Verdict::kDiverged && comparison.kind == kind;
  });
  const Comparison comparison = Compare(small, kernel, simulated);
  return absl::StrCat("seed ", seed, ": ", kind, "\n", Script(small, comparison),
                      "  again: bazel run -c opt //tests/differential -- --programs=1 --seed=", seed, "\n");
}

}  // namespace

std::string Summary::ToString() const {
  std::string text = absl::StrFormat("%d programs, %d discarded, %d diverged, %.1f s\n", programs, discarded, diverged,
                                     seconds);
  for (const auto& [kind, count] : kinds) absl::StrAppendFormat(&text, "%8d  %s\n", count, kind);
  return text;
}

std::string TellDivergence(uint64_t seed, Stage& kernel, Stage& simulated) {
  const Program program = Generate(seed);
  const Comparison comparison = Compare(program, kernel, simulated);
  if (comparison.verdict != Verdict::kDiverged) return "";
  return Tell(seed, program, comparison.kind, kernel, simulated);
}

Summary RunCampaign(const CampaignOptions& options, Stage& kernel, Stage& simulated,
                    const std::function<void(const std::string&)>& report) {
  Summary summary;
  int told = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  for (uint64_t i = 0; i < options.programs; ++i) {
    if (options.most_seconds > 0 && seconds() > options.most_seconds) break;
    const uint64_t seed = options.first_seed + i;
    const Program program = Generate(seed);
    const Comparison comparison = Compare(program, kernel, simulated);
    ++summary.programs;
    if (comparison.verdict == Verdict::kDiscarded) ++summary.discarded;
    if (comparison.verdict != Verdict::kDiverged) continue;
    ++summary.diverged;
    const uint64_t of_kind = ++summary.kinds[comparison.kind];
    if (told >= options.most_told || of_kind > static_cast<uint64_t>(options.most_a_kind)) continue;
    ++told;
    const std::string text = Tell(seed, program, comparison.kind, kernel, simulated);
    report(text);
    summary.told += text;
  }
  summary.seconds = seconds();
  return summary;
}

}  // namespace differential
