// The conformance tests' world on the kernel.

#include <gtest/gtest.h>

#include "real/namespaces.h"
#include "real/real_world.h"
#include "tests/conformance/make_world.h"

namespace conformance {

std::unique_ptr<lab::World> MakeWorld(uint64_t seed) {
  return std::make_unique<real::RealWorld>(lab::Choices::Seeded(seed));
}

std::string WhyNoWorld() {
  static const absl::Status status = [] {
    const absl::Status available = real::Available();
    return available.ok() ? real::EnterNamespaces() : available;
  }();
  return std::string(status.message());
}

}  // namespace conformance

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  // Before a test could start a thread: namespaces are a process's own only while it has one.
  conformance::WhyNoWorld();
  return RUN_ALL_TESTS();
}
