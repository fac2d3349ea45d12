// The world that the tests of this target run in. Each target links one implementation.
#pragma once

#include <memory>
#include <string>

#include "lab/world/world.h"

namespace conformance {

// A world without hosts yet; packets are lost as drawn from `seed`.
std::unique_ptr<lab::World> MakeWorld(uint64_t seed);

// Why there can be no such world on this machine; empty where there can.
std::string WhyNoWorld();

}  // namespace conformance
