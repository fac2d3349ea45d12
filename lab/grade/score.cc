#include "lab/grade/score.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace lab::grade {

bool EarnsPoints(Verdict verdict) { return verdict == Verdict::kPassed || verdict == Verdict::kAmbiguous; }

int Score(const std::vector<Row>& rows) {
  std::map<std::string_view, std::pair<int, bool>> scenarios;  // points, and whether they are earned so far
  for (const Row& row : rows) {
    if (row.world_unavailable) continue;
    auto [entry, first] = scenarios.try_emplace(row.scenario->name, row.scenario->points, true);
    entry->second.second &= EarnsPoints(row.verdict);
  }
  int score = 0;
  for (const auto& [name, points_earned] : scenarios) {
    if (points_earned.second) score += points_earned.first;
  }
  return score;
}

std::optional<std::string> SkipReason(const Scenario& scenario, WorldKind world, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (row.world != world || row.world_unavailable || EarnsPoints(row.verdict)) continue;
    if (std::find(scenario.after.begin(), scenario.after.end(), row.scenario->name) == scenario.after.end()) continue;
    return absl::StrCat("depends on `", row.scenario->name, "`, which did not pass");
  }
  return std::nullopt;
}

}  // namespace lab::grade
