// Runs a submission through one scenario: once, with many seeds, or with the real world's second chances.
//
// Nothing here knows how a world or a submission is made: both are given, a world anew for every run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/grade/run.h"
#include "lab/grade/token.h"
#include "lab/world/world.h"

namespace lab::grade {

struct RunResult {
  Verdict verdict = Verdict::kLabError;
  std::vector<Check> checks;
  std::string remark;
  std::string error_output;  // the last lines
  Trace trace;
};

// One run in a world that nobody has used before.
RunResult RunOnce(const Scenario& scenario, World& world, const Submission& submission, const Submission& reference);

// What runs are made of.
struct Parts {
  // An error means that the world can't exist on this machine, in a sentence.
  std::function<absl::StatusOr<std::unique_ptr<World>>(Choices choices, uint64_t seed)> world;
  Submission submission;
};

// What came of a scenario in one world.
struct ScenarioResult {
  RunResult run;      // the one to show: the first that did not pass, or the first of all
  uint64_t seed = 0;  // of that run
  uint32_t runs = 0;  // how many there were
  bool world_unavailable = false;  // UNSUPPORTED because of the machine; `run.remark` says why
};

using Progress = std::function<void(uint32_t done, uint32_t runs)>;

// The simulated world, with the seeds seed, seed + 1, … until a run does not pass or `runs` have.
ScenarioResult GradeSimulated(const Exercise& exercise, const Scenario& scenario, const Parts& parts, uint64_t seed,
                              uint32_t runs, const Progress& progress);

// The real world: once, and twice more where that fails. AMBIGUOUS where the three disagree.
ScenarioResult GradeReal(const Exercise& exercise, const Scenario& scenario, const Parts& parts, uint64_t seed,
                         const Progress& progress);

// The token of the run that a simulated result shows.
Token TokenOf(const Exercise& exercise, const Scenario& scenario, const ScenarioResult& result);

// The token's run again. The token's exercise and scenario must be these.
ScenarioResult Replay(const Exercise& exercise, const Scenario& scenario, const Parts& parts, const Token& token);

}  // namespace lab::grade
