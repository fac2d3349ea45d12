// The scenarios of 03-echo: those of the client, those of the server, and the one of both.
#pragma once

#include <vector>

#include "lab/grade/exercise.h"

namespace lab::exercises {

std::vector<grade::Scenario> EchoClientScenarios();
std::vector<grade::Scenario> EchoServerScenarios();
std::vector<grade::Scenario> EchoTogetherScenarios();

}  // namespace lab::exercises
