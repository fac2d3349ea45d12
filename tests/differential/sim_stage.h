// The simulated network as a stage: one host, whose processes talk over its loopback.
#pragma once

#include <memory>

#include "tests/differential/stage.h"

namespace differential {

class SimStage final : public Stage {
 public:
  SimStage();
  ~SimStage() override;

  void Begin() override;
  void Run(int actor, Job job, Patience patience) override;
  bool Busy(int actor) const override;
  void End() override;

 private:
  class Kernel;
  std::unique_ptr<Kernel> kernel_;
};

}  // namespace differential
