// The kernel as a stage, in a network namespace of its own: an actor is a thread, and a process is a table of
// descriptors that its threads share and other threads don't.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "tests/differential/kernel_network.h"
#include "tests/differential/stage.h"

namespace differential {

class KernelStage final : public Stage {
 public:
  // Calls go through `sockets`, from several threads. Both must outlive it.
  KernelStage(KernelNetwork& network, lab::Sockets& sockets);
  ~KernelStage() override;

  void Begin() override;
  void Run(int actor, Job job, Patience patience) override;
  bool Busy(int actor) const override;
  void End() override;

 private:
  class Thread;

  void WaitUntilQuiet();
  bool Quiet() const;

  KernelNetwork& network_;
  std::atomic<uint32_t> changes_{0};  // counted up whenever a job ends
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace differential
