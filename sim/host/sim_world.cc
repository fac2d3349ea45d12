#include "sim/host/sim_world.h"

#include <utility>

namespace sim {

SimWorld::SimWorld(lab::Choices choices, uint64_t seed, lab::Tracing tracing)
    : seed_(seed), trace_(tracing), engine_(std::move(choices)), network_(engine_, trace_) {}

SimWorld::~SimWorld() {
  // Before the kernels that they are in.
  for (const auto& process : processes_) process->Kill();
}

lab::HostId SimWorld::AddHost(const lab::HostOptions& options) {
  hosts_.push_back(std::make_unique<Host>(engine_, network_, trace_, options, seed_));
  return hosts_.back()->id();
}

lab::ProcessId SimWorld::Start(lab::HostId host, const lab::StartOptions& options, lab::Function function) {
  const lab::ProcessId id = trace_.AddProcess(options.name, host);
  processes_.push_back(std::make_unique<SimProcess>(*hosts_[static_cast<size_t>(host)], trace_, id, options, seed_,
                                                    std::move(function)));
  return id;
}

void SimWorld::SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options) {
  network_.SetLink(a, b, options);
}

bool SimWorld::RunUntil(const std::function<bool()>& condition, lab::Duration limit) {
  deadlock_.clear();
  const bool held = engine_.RunUntil(condition, now() + limit);
  if (held || !engine_.at_rest()) return held;
  for (const auto& process : processes_) deadlock_ += process->NoteDeadlock();
  return false;
}

void SimWorld::RunFor(lab::Duration duration) {
  deadlock_.clear();
  engine_.RunTo(now() + duration);
}

bool SimWorld::Listening(lab::HostId host, uint16_t port) const {
  return hosts_[static_cast<size_t>(host)]->Listening(port);
}

bool SimWorld::Bound(lab::HostId host, uint16_t port) const {
  return hosts_[static_cast<size_t>(host)]->datagrams().Bound(port);
}

bool SimWorld::Serves(lab::HostId host) const { return hosts_[static_cast<size_t>(host)]->Serves(); }

std::vector<lab::CallEvent> SimWorld::Unfinished() {
  std::vector<lab::CallEvent> calls;
  for (const auto& process : processes_) process->AddUnfinished(calls);
  return calls;
}

const lab::Outcome& SimWorld::outcome(lab::ProcessId process) const { return At(process).outcome(); }

}  // namespace sim
