// Every exercise that there is.
#pragma once

#include <vector>

#include "lab/grade/exercise.h"

namespace lab::exercises {

// In the order of their names.
const std::vector<grade::Exercise>& All();

}  // namespace lab::exercises
