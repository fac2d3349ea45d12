// The table at a report's head.
#pragma once

#include <string>
#include <vector>

#include "lab/report/report.h"

namespace lab::report {

// A row of the table: a scenario in the worlds in which it was tried.
struct ScenarioRows {
  std::string name;
  std::string title;
  std::vector<const duet::v1::ScenarioReport*> worlds;
};

// The report's scenarios in its order; they point into it.
std::vector<ScenarioRows> Grouped(const duet::v1::Report& report);

std::string Table(const duet::v1::Report& report, const std::vector<ScenarioRows>& scenarios,
                  const TextOptions& options);

}  // namespace lab::report
