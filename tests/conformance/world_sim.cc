// The conformance tests' world in the simulation.

#include <gtest/gtest.h>

#include "sim/host/sim_world.h"
#include "tests/conformance/make_world.h"

namespace conformance {

std::unique_ptr<lab::World> MakeWorld(uint64_t seed) {
  return std::make_unique<sim::SimWorld>(lab::Choices::Seeded(seed), seed);
}

std::string WhyNoWorld() { return ""; }

}  // namespace conformance

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
