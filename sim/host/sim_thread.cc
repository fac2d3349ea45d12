#include "sim/host/sim_thread.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/trace/call_names.h"
#include "sim/host/event_file.h"
#include "sim/host/sim_process.h"
#include "sim/host/stream_socket.h"

namespace sim {

SimThread::SimThread(SimProcess& process, std::shared_ptr<DescriptorTable> descriptors, Body body)
    : process_(process),
      sockets_(process.host(), static_cast<uint32_t>(process.id()), process.short_transfers(), std::move(descriptors)),
      traced_(
          sockets_, [this] { return process_.host().now(); },
          [this](const duet_ledger_entry& entry) { process_.trace().Add(process_.id(), entry); }),
      task_(process.host().engine().scheduler(), [this, body = std::move(body)] {
        body(*this);
        LeaveDescriptors();
      }) {
  process.host().engine().scheduler().Wake(task_);
}

const std::vector<std::string>& SimThread::arguments() const { return process_.arguments(); }

lab::Sockets& SimThread::sockets() {
  if (process_.trace().on()) return traced_;
  return sockets_;
}

const duet_ledger_entry* SimThread::pending() const {
  if (done()) return nullptr;
  if (traced_.pending()) return &*traced_.pending();
  return pending_ ? &*pending_ : nullptr;
}

void SimThread::TracePending() {
  const duet_ledger_entry* const call = pending();
  if (call != nullptr && !std::exchange(pending_traced_, true)) Record(*call);
}

void SimThread::SetPending(const duet_ledger_entry* call) {
  if (call == nullptr) pending_.reset();
  else pending_ = *call;
}

void SimThread::Record(const duet_ledger_entry& call) {
  if (process_.trace().on()) process_.trace().Add(process_.id(), call);
}

void SimThread::Wake() {
  if (blocked_) process_.host().engine().scheduler().Wake(task_);
}

void SimThread::End() {
  TracePending();
  task_.Kill();
  LeaveDescriptors();
}

lab::Time SimThread::now() {
  process_.host().engine().Spend(kClockCost);
  return process_.host().now();
}

lab::Time SimThread::clock() const { return process_.host().now(); }

void SimThread::Spend(lab::Duration duration) { process_.host().engine().Spend(duration); }

void SimThread::sleep(lab::Duration duration) {
  Engine& engine = process_.host().engine();
  duet_ledger_entry entry{};
  entry.call = DUET_CALL_SLEEP;
  entry.begin_ns = engine.now().count();
  entry.arguments[0] = duration.count();
  entry.end_ns = entry.begin_ns - 1;
  SetPending(&entry);
  sleeping_ = true;
  if (engine.Spend(SimSockets::kCallCost) && duration > lab::Duration::zero()) {
    engine.WaitInterruptibly(engine.now() + duration);
  }
  sleeping_ = false;
  SetPending(nullptr);
  entry.end_ns = engine.now().count();
  Record(entry);
}

void SimThread::random(void* buffer, size_t length) {
  process_.host().engine().Spend(kClockCost);
  process_.FillRandom(buffer, length);
}

void SimThread::report(std::string_view key, std::string_view value) { process_.Report(key, value); }

lab::Thread& SimThread::Start(Descriptors descriptors, Body body) {
  auto table = descriptors == Descriptors::kShared ? sockets_.table() : sockets_.table()->Copy();
  return process_.AddThread(std::move(table), std::move(body));
}

lab::Thread::Woken SimThread::Block(std::optional<lab::Time> deadline, const lab::Thread::WaitsFor& waits_for) {
  blocked_ = true;
  waits_for_ = &waits_for;
  const Task::Wakeup wakeup = process_.host().engine().WaitInterruptibly(deadline);
  blocked_ = false;
  waits_for_ = nullptr;
  switch (wakeup) {
    case Task::Wakeup::kTimedOut: return Woken::kTimedOut;
    case Task::Wakeup::kInterrupted: return Woken::kInterrupted;
    default: return Woken::kWoken;
  }
}

int SimThread::Keep(FilePtr file, bool nonblocking) {
  Spend(SimSockets::kCallCost);
  file->set_nonblocking(nonblocking);
  const int fd = sockets_.Add(std::move(file), false);
  if (fd >= 0) return fd;
  errno = -fd;
  return -1;
}

int SimThread::MakeEvent(uint64_t value, bool semaphore, bool nonblocking) {
  return Keep(FilePtr(new EventFile(process_.host().engine().scheduler(), value, semaphore)), nonblocking);
}

int SimThread::MakeTimer(bool nonblocking) {
  return Keep(FilePtr(new TimerFile(process_.host().engine())), nonblocking);
}

int SimThread::SetTimer(int fd, const std::optional<Timer>& timer, Timer& before) {
  Spend(SimSockets::kCallCost);
  File* const file = sockets_.table()->Get(fd);
  TimerFile* const known = file != nullptr ? file->AsTimer() : nullptr;
  if (known == nullptr) {
    errno = file == nullptr ? EBADF : EINVAL;
    return -1;
  }
  const TimerFile::Setting setting = known->Get();
  before = {setting.value, setting.interval};
  if (timer.has_value()) known->Set({timer->value, timer->interval});
  return 0;
}

std::string SimThread::Peer(int fd) {
  File* const file = sockets_.table()->Get(fd);
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

std::string SimThread::WaitsFor() {
  if (done()) return "";
  if (task_.paused()) return "is paused";
  if (waits_for_ != nullptr) return (*waits_for_)();
  if (!process_.trace().on() && !sleeping_) return "waits in a call";
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
