// What the rows of a report are worth, and which of them are not run at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/grade/exercise.h"
#include "lab/grade/run.h"

namespace lab::grade {

// A scenario in one world.
struct Row {
  const Scenario* scenario = nullptr;
  WorldKind world = WorldKind::kSim;
  Verdict verdict = Verdict::kLabError;
  bool world_unavailable = false;  // this machine can't have the world: counts for nobody and against nobody
};

// PASSED and AMBIGUOUS: where the runs disagree it costs nobody points.
bool EarnsPoints(Verdict verdict);

// The points of the scenarios that earned them in every world in which they were tried, and in one at least. A
// submission that can't be carried earns nothing, or it could choose that where it would fail.
int Score(const std::vector<Row>& rows);

// Why `scenario` is SKIPPED in `world`, given the rows so far: one that it comes after did not pass there. Nothing
// where it is to be run; also where the machine lacks the world, which then counts for nobody in this scenario too.
std::optional<std::string> SkipReason(const Scenario& scenario, WorldKind world, const std::vector<Row>& rows);

}  // namespace lab::grade
