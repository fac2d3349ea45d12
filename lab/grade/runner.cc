#include "lab/grade/runner.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace lab::grade {
namespace {

constexpr uint32_t kRealRuns = 3;
constexpr size_t kMostErrorOutput = 4096;

// The last lines of `text`, whole ones where it had to be cut.
std::string LastLines(std::string text) {
  if (text.size() <= kMostErrorOutput) return text;
  text.erase(0, text.size() - kMostErrorOutput);
  const size_t line = text.find('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

// A run in a world made for it, or why there is none.
absl::StatusOr<RunResult> MakeAndRun(const Exercise& exercise, const Scenario& scenario, const Parts& parts,
                                     Choices choices, uint64_t seed) {
  auto world = parts.world(std::move(choices), seed);
  if (!world.ok()) return world.status();
  return RunOnce(scenario, **world, parts.submission, exercise.reference);
}

ScenarioResult Unavailable(const absl::Status& why) {
  ScenarioResult result;
  result.run.verdict = Verdict::kUnsupported;
  result.run.remark = std::string(why.message());
  result.world_unavailable = true;
  return result;
}

}  // namespace

RunResult RunOnce(const Scenario& scenario, World& world, const Submission& submission, const Submission& reference) {
  Run run(world, submission, reference);
  scenario.body(run);
  run.Finish();
  return {.verdict = run.verdict(),
          .checks = run.checks(),
          .remark = run.remark(),
          .error_output = LastLines(run.ErrorOutput()),
          .trace = world.trace()};
}

ScenarioResult GradeSimulated(const Exercise& exercise, const Scenario& scenario, const Parts& parts, uint64_t seed,
                              uint32_t runs, const Progress& progress) {
  ScenarioResult first;
  for (uint32_t i = 0; i < runs; ++i) {
    auto run = MakeAndRun(exercise, scenario, parts, Choices::Seeded(seed + i), seed + i);
    if (!run.ok()) return Unavailable(run.status());
    ScenarioResult result{.run = *std::move(run), .seed = seed + i, .runs = i + 1};
    progress(i + 1, runs);
    if (result.run.verdict != Verdict::kPassed) return result;
    if (i == 0) first = std::move(result);
  }
  first.runs = runs;
  return first;
}

ScenarioResult GradeReal(const Exercise& exercise, const Scenario& scenario, const Parts& parts, uint64_t seed,
                         const Progress& progress) {
  ScenarioResult shown;
  uint32_t failures = 0;
  for (uint32_t i = 0; i < kRealRuns; ++i) {
    auto run = MakeAndRun(exercise, scenario, parts, Choices::Seeded(seed), seed);
    if (!run.ok()) return Unavailable(run.status());
    const Verdict verdict = run->verdict;
    if (verdict == Verdict::kFailed) ++failures;
    if (i == 0) shown = {.run = *std::move(run), .seed = seed};
    shown.runs = i + 1;
    progress(i + 1, shown.run.verdict == Verdict::kFailed ? kRealRuns : 1);
    if (shown.run.verdict != Verdict::kFailed) return shown;
  }
  if (failures < kRealRuns) {
    shown.run.verdict = Verdict::kAmbiguous;
    shown.run.remark = absl::StrCat("it failed in ", failures, " of ", kRealRuns, " runs");
  }
  return shown;
}

Token TokenOf(const Exercise& exercise, const Scenario& scenario, const ScenarioResult& result) {
  return {.exercise = exercise.name,
          .scenario = scenario.name,
          .seed = result.seed,
          .hash = ShortHash(result.run.trace.hash())};
}

ScenarioResult Replay(const Exercise& exercise, const Scenario& scenario, const Parts& parts, const Token& token) {
  auto run = MakeAndRun(exercise, scenario, parts, token.MakeChoices(), token.seed);
  if (!run.ok()) return Unavailable(run.status());
  return {.run = *std::move(run), .seed = token.seed, .runs = 1};
}

}  // namespace lab::grade
