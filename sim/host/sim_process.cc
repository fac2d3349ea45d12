#include "sim/host/sim_process.h"

#include <csignal>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sim {

SimProcess::SimProcess(Host& host, lab::Trace& trace, lab::ProcessId id, const lab::StartOptions& options,
                       uint64_t seed, lab::Function function)
    : host_(host),
      trace_(trace),
      id_(id),
      seed_(seed),
      short_transfers_(options.short_transfers),
      arguments_{options.name},
      function_(std::move(function)) {
  arguments_.insert(arguments_.end(), options.arguments.begin(), options.arguments.end());
  Note("started");
  AddThread(StandardStreams(options), [this](lab::Thread& thread) { Main(thread); });
}

SimProcess::~SimProcess() {
  EndOtherThreads();
  first().End();
}

std::shared_ptr<DescriptorTable> SimProcess::StandardStreams(const lab::StartOptions& options) {
  auto descriptors = std::make_shared<DescriptorTable>();
  Scheduler& scheduler = host_.engine().scheduler();
  auto input = std::make_shared<PipeBuffer>();
  descriptors->Add(FilePtr(new PipeReader(scheduler, input)), false);
  input_ = new PipeWriter(scheduler, std::move(input));
  input_->WriteAll(options.input);
  if (!options.more_input) EndInput();
  descriptors->Add(FilePtr(new OutputCollector(&outcome_.output, lab::Outcome::kMostOutput)), false);
  descriptors->Add(FilePtr(new OutputCollector(&outcome_.error_output, lab::Outcome::kMostOutput)), false);
  return descriptors;
}

SimThread& SimProcess::AddThread(std::shared_ptr<DescriptorTable> descriptors, lab::Thread::Body body) {
  // Their stacks are needed again; but for the first's, whose end is this process's.
  std::erase_if(threads_, [this](const auto& thread) { return thread != threads_.front() && thread->done(); });
  return *threads_.emplace_back(std::make_unique<SimThread>(*this, std::move(descriptors), std::move(body)));
}

void SimProcess::Main(lab::Thread& thread) {
  constexpr int kAborted = 128 + SIGABRT;
  try {
    const int status = function_(thread);
    Ended(status & 0xff, absl::StrCat("exited with status ", status & 0xff));
  } catch (const std::exception& e) {
    absl::StrAppend(&outcome_.error_output, "terminated by an exception: ", e.what(), "\n");
    Ended(kAborted, absl::StrCat("terminated by an exception: ", e.what()));
  } catch (const Fiber::Unwinding&) {
    throw;
  } catch (...) {
    absl::StrAppend(&outcome_.error_output, "terminated by an exception\n");
    Ended(kAborted, "terminated by an exception");
  }
}

void SimProcess::EndOtherThreads() {
  for (size_t i = threads_.size(); i-- > 1;) threads_[i]->End();
}

void SimProcess::Ended(int status, std::string note) {
  // A function that swallowed its own unwinding returns here: what ended it was the signal.
  if (outcome_.exited) return;
  outcome_.exited = true;
  outcome_.exit_status = status;
  Note(std::move(note));
  EndOtherThreads();
  first().LeaveDescriptors();
}

void SimProcess::AddUnfinished(std::vector<lab::CallEvent>& calls) const {
  for (const auto& thread : threads_) {
    if (const duet_ledger_entry* const call = thread->pending()) calls.push_back({id_, *call});
  }
}

void SimProcess::Kill() {
  if (outcome_.exited) return;
  for (const auto& thread : threads_) thread->TracePending();
  Ended(128 + SIGKILL, "killed");
  first().End();
}

void SimProcess::GiveInput(std::string_view bytes) {
  if (input_ != nullptr) input_->WriteAll(bytes);
}

void SimProcess::Pause() {
  if (outcome_.exited || first().task().paused()) return;
  for (const auto& thread : threads_) thread->task().Pause();
  Note("paused");
}

void SimProcess::Resume() {
  if (outcome_.exited || !first().task().paused()) return;
  for (const auto& thread : threads_) thread->task().Resume();
  Note("resumed");
}

void SimProcess::FillRandom(void* buffer, size_t length) {
  lab::FillFromSeed(seed_, static_cast<uint64_t>(id_), random_bytes_, buffer, length);
  random_bytes_ += length;
}

void SimProcess::Note(std::string text) { trace_.Add(lab::NoteEvent{host_.now(), host_.id(), id_, std::move(text)}); }

std::string SimProcess::NoteDeadlock() {
  std::string lines;
  if (outcome_.exited) return lines;
  for (const auto& thread : threads_) {
    std::string waits_for = thread->WaitsFor();
    if (waits_for.empty()) continue;
    if (!thread->name().empty()) waits_for = absl::StrCat("(", thread->name(), ") ", waits_for);
    absl::StrAppend(&lines, arguments_[0], " ", waits_for, "\n");
    if (waits_for == thread->noted()) continue;
    Note(waits_for);
    thread->noted() = waits_for;
  }
  return lines;
}

}  // namespace sim
