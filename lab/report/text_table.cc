#include "lab/report/text_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "lab/report/text.h"
#include "lab/trace/ladder_canvas.h"

namespace lab::report {
namespace {

using duet::v1::ScenarioReport;

constexpr size_t kVerdictWidth = 13;  // "UNSUPPORTED" and a gap
constexpr size_t kPointsWidth = 8;
constexpr size_t kNarrowestTitle = 16;

// A machine that has no such world runs nothing in it, which counts for nobody and against nobody.
bool IsUnavailable(const ScenarioReport& row) { return row.verdict() == duet::v1::UNSUPPORTED && row.runs() == 0; }

// The report's worlds, the simulated one first.
std::vector<std::string> WorldsOf(const duet::v1::Report& report) {
  std::vector<std::string> worlds;
  for (const ScenarioReport& row : report.scenarios()) {
    if (std::find(worlds.begin(), worlds.end(), row.world()) == worlds.end()) worlds.push_back(row.world());
  }
  std::stable_partition(worlds.begin(), worlds.end(), [](const std::string& world) { return world == "sim"; });
  return worlds;
}

std::string Cell(const ScenarioRows& scenario, const std::string& world, bool colour) {
  for (const ScenarioReport* row : scenario.worlds) {
    if (row->world() != world) continue;
    const std::string verdict = VerdictName(row->verdict());
    return Painted(verdict, VerdictPaint(row->verdict()), colour) + std::string(kVerdictWidth - verdict.size(), ' ');
  }
  return Padded("–", kVerdictWidth);
}

// A scenario's points count once, for the world in which it has the fewest.
std::string Points(const ScenarioRows& scenario) {
  int points = 0, most = 0;
  bool tried = false;
  for (const ScenarioReport* row : scenario.worlds) {
    most = std::max(most, row->max_points());
    if (IsUnavailable(*row)) continue;
    points = tried ? std::min(points, row->points()) : row->points();
    tried = true;
  }
  return absl::StrCat(points, " of ", most);
}

}  // namespace

std::vector<ScenarioRows> Grouped(const duet::v1::Report& report) {
  std::vector<ScenarioRows> scenarios;
  for (const ScenarioReport& row : report.scenarios()) {
    const auto same = [&row](const ScenarioRows& scenario) { return scenario.name == row.name(); };
    auto found = std::find_if(scenarios.begin(), scenarios.end(), same);
    if (found == scenarios.end()) found = scenarios.insert(found, {row.name(), row.title(), {}});
    found->worlds.push_back(&row);
  }
  return scenarios;
}

std::string Table(const duet::v1::Report& report, const std::vector<ScenarioRows>& scenarios,
                  const TextOptions& options) {
  const std::vector<std::string> worlds = WorldsOf(report);
  const std::string exercise = OneLine(report.exercise());
  size_t name_width = 0, longest_title = Columns(exercise);
  for (const ScenarioRows& scenario : scenarios) {
    name_width = std::max(name_width, Columns(OneLine(scenario.name)) + 2);
    longest_title = std::max(longest_title, Columns(OneLine(scenario.title)) + 2);
  }
  const size_t others = 2 + name_width + worlds.size() * kVerdictWidth + kPointsWidth;
  const size_t room = std::max(options.width, others + kNarrowestTitle) - others;
  const size_t title_width = std::min(room, longest_title);

  std::string out = Painted(Padded(exercise, 2 + name_width + title_width), Paint::kBold, options.colour);
  for (const std::string& world : worlds) {
    out += Painted(Padded(Shortened(OneLine(world), kVerdictWidth - 1), kVerdictWidth), Paint::kBold, options.colour);
  }
  absl::StrAppend(&out, Painted("points", Paint::kBold, options.colour), "\n");
  for (const ScenarioRows& scenario : scenarios) {
    absl::StrAppend(&out, "  ", Padded(OneLine(scenario.name), name_width),
                    Padded(Shortened(OneLine(scenario.title), title_width - 2), title_width));
    for (const std::string& world : worlds) out += Cell(scenario, world, options.colour);
    absl::StrAppend(&out, Points(scenario), "\n");
  }
  return out;
}

}  // namespace lab::report
