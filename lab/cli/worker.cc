// The one place that knows both networks.
#include "lab/service/worker.h"

#include <memory>
#include <utility>

#include "exercises/all.h"
#include "lab/cli/commands.h"
#include "real/namespaces.h"
#include "real/real_world.h"
#include "sim/host/sim_world.h"

namespace lab::cli {

int Worker(bool confined) {
  service::Worlds worlds;
  worlds.sim = [](Choices choices, uint64_t seed) -> absl::StatusOr<std::unique_ptr<World>> {
    return std::make_unique<sim::SimWorld>(std::move(choices), seed);
  };
  worlds.real = [](Choices choices, uint64_t) -> absl::StatusOr<std::unique_ptr<World>> {
    if (const absl::Status available = real::Available(); !available.ok()) return available;
    if (const absl::Status entered = real::EnterNamespaces(); !entered.ok()) return entered;
    return std::make_unique<real::RealWorld>(std::move(choices));
  };
  return service::RunWorker(exercises::All(), worlds, confined);
}

}  // namespace lab::cli
