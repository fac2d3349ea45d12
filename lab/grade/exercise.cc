#include "lab/grade/exercise.h"

#include <string_view>

namespace lab::grade {

const Scenario* Exercise::FindScenario(std::string_view scenario) const {
  for (const Scenario& candidate : scenarios) {
    if (candidate.name == scenario) return &candidate;
  }
  return nullptr;
}

int Exercise::max_points() const {
  int sum = 0;
  for (const Scenario& scenario : scenarios) sum += scenario.points;
  return sum;
}

}  // namespace lab::grade
