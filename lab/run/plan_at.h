// Planning a lab that has a text.
#pragma once

#include "lab/run/place.h"
#include "lab/run/plan.h"

namespace lab::run {

// As MakePlan; what is wrong is told with its place.
absl::StatusOr<Plan> MakePlan(const duet::v1::Lab& lab, const Place& place);

}  // namespace lab::run
