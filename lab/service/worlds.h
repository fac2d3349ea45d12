// The networks, which this library does not know: the binary that links them says how they are made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "lab/world/world.h"

namespace lab::service {

struct Worlds {
  using Make = std::function<absl::StatusOr<std::unique_ptr<World>>(Choices choices, uint64_t seed)>;
  Make sim;
  Make real;
};

}  // namespace lab::service
