// The process in which one scenario runs in one world: it reads an Order, runs it, and writes what came of it.
//
// It is started anew for every scenario, alone in a sandbox, and has one thread when it starts: worlds need that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/program/program.h"
#include "lab/world/world.h"

namespace lab::service {

// The networks, which this library does not know: the binary that links them says how they are made.
struct Worlds {
  using Make = std::function<absl::StatusOr<std::unique_ptr<World>>(Choices choices, uint64_t seed)>;
  Make sim;
  Make real;
};

// Standard input has the order, standard output gets the messages (see worker.proto); no process of a world inherits
// either. Returns the exit status: 0 where a result was written.
int RunWorker(const std::vector<grade::Exercise>& exercises, const Worlds& worlds);

}  // namespace lab::service
