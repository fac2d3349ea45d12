// The simulated world: hosts, kernels, time and scheduler inside this process.
//
// Guarantees, beyond World's: a run follows from its choices, its seed and what the scenario does, to the bit
// (trace().hash()); see docs/determinism.md. Time is counted, not waited for. Functions run on fibers of the calling
// thread: one that loops without a call can't be stopped, and one that writes where it must not takes the world with
// it.
#pragma once

#include <memory>
#include <vector>

#include "lab/world/world.h"
#include "sim/host/host.h"
#include "sim/host/network.h"
#include "sim/host/sim_process.h"

namespace sim {

class SimWorld final : public lab::World {
 public:
  // `seed` is for what processes and kernels draw at random; what a run decides comes from `choices`. Without tracing a
  // run is the same, in two thirds of the instructions; nobody knows then which calls its processes are in.
  SimWorld(lab::Choices choices, uint64_t seed, lab::Tracing tracing = lab::Tracing::kOn);
  ~SimWorld() override;

  lab::WorldKind kind() const override { return lab::WorldKind::kSim; }
  lab::HostId AddHost(const lab::HostOptions& options) override;
  uint32_t address(lab::HostId host) const override { return network_.address(host); }

  lab::ProcessId Start(lab::HostId host, const lab::StartOptions& options, lab::Function function) override;
  void Pause(lab::ProcessId process) override { At(process).Pause(); }
  void Resume(lab::ProcessId process) override { At(process).Resume(); }
  void Kill(lab::ProcessId process) override { At(process).Kill(); }
  void GiveInput(lab::ProcessId process, std::string_view bytes) override { At(process).GiveInput(bytes); }
  void EndInput(lab::ProcessId process) override { At(process).EndInput(); }

  void SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options) override;
  void AddRule(lab::Rule rule) override { network_.AddRule(std::move(rule)); }

  bool RunUntil(const std::function<bool()>& condition, lab::Duration limit) override;
  // Where nothing can happen any more, time passes all the same: ports leave TIME-WAIT.
  void RunFor(lab::Duration duration) override;

  lab::Time now() const override { return engine_.now(); }
  lab::Time NextEvent() const override { return engine_.next(); }
  bool Listening(lab::HostId host, uint16_t port) const override;
  bool Bound(lab::HostId host, uint16_t port) const override;
  bool Serves(lab::HostId host) const override;
  const lab::Outcome& outcome(lab::ProcessId process) const override;
  std::string Deadlock() const override { return deadlock_; }
  const lab::Trace& trace() override { return trace_; }
  std::vector<lab::CallEvent> Unfinished() override;

  // What this run has decided: enough to replay it.
  const std::vector<lab::Deviation>& deviations() const { return engine_.choices().deviations(); }

 private:
  SimProcess& At(lab::ProcessId process) const { return *processes_[static_cast<size_t>(process)]; }

  const uint64_t seed_;
  lab::Trace trace_;
  Engine engine_;
  Network network_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::unique_ptr<SimProcess>> processes_;
  std::string deadlock_;
};

}  // namespace sim
