// A process of a simulated world: its threads, its ledger, and what became of it.
//
// "Process" in the world's sense: what was started at once. Where a program is carried, some of the threads stand for
// those of the program's child processes, and have descriptors of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/world/world.h"
#include "sim/host/pipe.h"
#include "sim/host/sim_thread.h"

namespace sim {

class SimProcess {
 public:
  static constexpr Duration kClockCost = SimThread::kClockCost;

  // Begins to run when the engine does. `trace` and the host must outlive it; `id` is its index in the trace.
  SimProcess(Host& host, lab::Trace& trace, lab::ProcessId id, const lab::StartOptions& options, uint64_t seed,
             lab::Function function);
  // Ends it.
  ~SimProcess();
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;

  // --- From outside ---

  void Pause();
  void Resume();
  // As SIGKILL: its descriptors are closed as a kernel does, its destructors run, and it has ended.
  void Kill();
  // See lab::World.
  void GiveInput(std::string_view bytes);
  void EndInput() { input_ = nullptr; }
  const lab::Outcome& outcome() const { return outcome_; }
  // Adds the calls that its threads are in.
  void AddUnfinished(std::vector<lab::CallEvent>& calls) const;
  // A line for each thread that waits for ever, "server waits in accept(3) on port 9999", which is noted in the trace
  // unless that was the last that was said of it; empty where it has ended.
  std::string NoteDeadlock();

  // --- For its threads ---

  Host& host() { return host_; }
  lab::Trace& trace() { return trace_; }
  lab::ProcessId id() const { return id_; }
  bool short_transfers() const { return short_transfers_; }
  const std::vector<std::string>& arguments() const { return arguments_; }
  SimThread& AddThread(std::shared_ptr<DescriptorTable> descriptors, lab::Thread::Body body);
  void FillRandom(void* buffer, size_t length);
  void Report(std::string_view key, std::string_view value) { outcome_.reports.emplace_back(key, value); }

 private:
  std::shared_ptr<DescriptorTable> StandardStreams(const lab::StartOptions& options);
  void Main(lab::Thread& thread);
  void Ended(int status, std::string note);
  void EndOtherThreads();
  void Note(std::string text);
  SimThread& first() { return *threads_.front(); }

  Host& host_;
  lab::Trace& trace_;
  const lab::ProcessId id_;
  const uint64_t seed_;
  const bool short_transfers_;
  std::vector<std::string> arguments_;
  lab::Function function_;
  lab::Outcome outcome_;
  boost::intrusive_ptr<PipeWriter> input_;  // the writing end of its standard input, while there may come more
  uint64_t random_bytes_ = 0;  // how many it has had
  std::vector<std::unique_ptr<SimThread>> threads_;  // the first, and those that have not ended
};

}  // namespace sim
