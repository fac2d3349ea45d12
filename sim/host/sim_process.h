// A process of a simulated world: its task, its descriptors, its ledger, and what became of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lab/trace/traced_sockets.h"
#include "lab/world/world.h"
#include "sim/host/sim_sockets.h"

namespace sim {

class SimProcess final : public lab::Process {
 public:
  static constexpr Duration kClockCost = std::chrono::nanoseconds(100);

  // Begins to run when the engine does. `trace` and the host must outlive it; `id` is its index in the trace.
  SimProcess(Host& host, lab::Trace& trace, lab::ProcessId id, const lab::StartOptions& options, uint64_t seed,
             lab::Function function);
  // Ends it.
  ~SimProcess() override;

  // --- From outside ---

  void Pause();
  void Resume();
  // As SIGKILL: its descriptors are closed as a kernel does, its destructors run, and it has ended.
  void Kill();
  const lab::Outcome& outcome() const { return outcome_; }
  // "waits in accept(3) on port 9999"; empty where it has ended.
  std::string WaitsFor();
  // Notes in the trace that it waits for ever, unless that was the last that was said of it.
  void NoteDeadlock(const std::string& waits_for);

  // --- From inside ---

  lab::Sockets& sockets() override { return traced_; }
  const std::vector<std::string>& arguments() const override { return arguments_; }
  lab::Time now() override;
  void sleep(lab::Duration duration) override;
  void random(void* buffer, size_t length) override;
  void report(std::string_view key, std::string_view value) override;

 private:
  void Main();
  void Ended(int status, std::string note);
  void Note(std::string text);
  std::string Peer(int fd);

  Host& host_;
  lab::Trace& trace_;
  const lab::ProcessId id_;
  const uint64_t seed_;
  std::vector<std::string> arguments_;
  lab::Function function_;
  lab::Outcome outcome_;
  uint64_t random_bytes_ = 0;  // how many it has had
  SimSockets sockets_;
  lab::TracedSockets traced_;
  bool sleeping_ = false;
  std::string last_note_;
  Task task_;
};

}  // namespace sim
