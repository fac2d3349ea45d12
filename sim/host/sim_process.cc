#include "sim/host/sim_process.h"

#include <csignal>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/trace/call_names.h"
#include "sim/host/pipe.h"
#include "sim/host/stream_socket.h"

namespace sim {

SimProcess::SimProcess(Host& host, lab::Trace& trace, lab::ProcessId id, const lab::StartOptions& options,
                       uint64_t seed, lab::Function function)
    : host_(host),
      trace_(trace),
      id_(id),
      seed_(seed),
      arguments_{options.name},
      function_(std::move(function)),
      sockets_(host, static_cast<uint32_t>(id), options.short_transfers),
      traced_(
          sockets_, [this] { return host_.now(); },
          [this](const duet_ledger_entry& entry) { trace_.Add(lab::CallEvent{id_, entry}); }),
      task_(host.engine().scheduler(), [this] { Main(); }) {
  arguments_.insert(arguments_.end(), options.arguments.begin(), options.arguments.end());
  DescriptorTable& descriptors = sockets_.descriptors();
  descriptors.Add(PipeReader::Ended(host.engine().scheduler(), options.input), false);
  descriptors.Add(FilePtr(new OutputCollector(&outcome_.output, lab::Outcome::kMostOutput)), false);
  descriptors.Add(FilePtr(new OutputCollector(&outcome_.error_output, lab::Outcome::kMostOutput)), false);
  Note("started");
  host_.engine().scheduler().Wake(task_);
}

SimProcess::~SimProcess() { task_.Kill(); }

void SimProcess::Main() {
  constexpr int kAborted = 128 + SIGABRT;
  try {
    const int status = function_(*this);
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

void SimProcess::Ended(int status, std::string note) {
  // A function that swallowed its own unwinding returns here: what ended it was the signal.
  if (outcome_.exited) return;
  outcome_.exited = true;
  outcome_.exit_status = status;
  Note(std::move(note));
  sockets_.descriptors().CloseAll();
}

void SimProcess::Kill() {
  if (outcome_.exited) return;
  // The call that it never came back from.
  if (traced_.pending()) trace_.Add(lab::CallEvent{id_, *traced_.pending()});
  Ended(128 + SIGKILL, "killed");
  task_.Kill();
}

void SimProcess::Pause() {
  if (outcome_.exited || task_.paused()) return;
  task_.Pause();
  Note("paused");
}

void SimProcess::Resume() {
  if (outcome_.exited || !task_.paused()) return;
  task_.Resume();
  Note("resumed");
}

lab::Time SimProcess::now() {
  host_.engine().Spend(kClockCost);
  return host_.now();
}

void SimProcess::sleep(lab::Duration duration) {
  Engine& engine = host_.engine();
  duet_ledger_entry entry{};
  entry.call = DUET_CALL_SLEEP;
  entry.begin_ns = engine.now().count();
  entry.arguments[0] = duration.count();
  sleeping_ = true;
  if (engine.Spend(SimSockets::kCallCost) && duration > lab::Duration::zero()) engine.Wait(engine.now() + duration);
  sleeping_ = false;
  entry.end_ns = engine.now().count();
  trace_.Add(lab::CallEvent{id_, entry});
}

void SimProcess::random(void* buffer, size_t length) {
  host_.engine().Spend(kClockCost);
  lab::FillFromSeed(seed_, static_cast<uint64_t>(id_), random_bytes_, buffer, length);
  random_bytes_ += length;
}

void SimProcess::report(std::string_view key, std::string_view value) {
  outcome_.reports.emplace_back(key, value);
}

void SimProcess::Note(std::string text) {
  last_note_ = text;
  trace_.Add(lab::NoteEvent{host_.now(), host_.id(), id_, std::move(text)});
}

void SimProcess::NoteDeadlock(const std::string& waits_for) {
  if (waits_for != last_note_) Note(waits_for);
}

std::string SimProcess::Peer(int fd) {
  File* const file = sockets_.descriptors().Get(fd);
  Socket* const socket = file != nullptr ? file->AsSocket() : nullptr;
  if (socket == nullptr) return "";
  if (socket->listening()) return absl::StrCat(" on port ", socket->local().port);
  if (const StreamSocket* const stream = socket->AsStream()) {
    if (stream->flow() == nullptr) return "";
    return absl::StrCat(" with ", ToString(stream->flow()->connection().remote()));
  }
  if (const auto remote = socket->remote()) return absl::StrCat(" with ", ToString(*remote));
  return absl::StrCat(" on port ", socket->local().port);
}

std::string SimProcess::WaitsFor() {
  if (outcome_.exited) return "";
  if (task_.paused()) return "is paused";
  const std::optional<duet_ledger_entry>& pending = traced_.pending();
  if (sleeping_ || !pending) return sleeping_ ? "sleeps" : "runs";
  const int64_t first = pending->arguments[0];
  switch (pending->call) {
    case DUET_CALL_POLL: return absl::StrCat("waits in poll, for ", first, first == 1 ? " descriptor" : " descriptors");
    case DUET_CALL_SELECT: return "waits in select";
    default: break;
  }
  return absl::StrCat("waits in ", lab::CallName(pending->call), "(", first, ")", Peer(static_cast<int>(first)));
}

}  // namespace sim
