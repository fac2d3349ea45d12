#include "lab/program/carried_thread.h"

#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lab/program/unsupported.h"
#include "lab/world/world.h"

namespace lab {
namespace {

using std::chrono::milliseconds;

// How long what has said that it ends may take to be gone.
constexpr milliseconds kDying(10'000);

constexpr int kKilled = Carrier::kKilled;
constexpr size_t kLongestName = 256;  // of what is executed, in a sentence

// Whether the library asks for it because of what it has seen itself: a futex's value, that no child has ended, that
// its kernel would wait. That is true until others run. Whoever hands a mutex on is its owner until the library has the
// answer, so that others may run before.
bool RestsOnALook(const CarriedRequest& request) {
  switch (request.number) {
    case SYS_futex: return request.arguments[0] != DUET_FUTEX_HAND;
    case SYS_poll:
    case SYS_select:
    case SYS_epoll_pwait2:
    case DUET_REQUEST_WAIT_CHILD:
    case DUET_REQUEST_WAIT_SIGNAL:
    case DUET_REQUEST_WAIT_CHANGE: return true;
    default: return false;
  }
}

}  // namespace

CarriedThread::CarriedThread(Carrier& carrier, int slot, Thread& thread)
    : carrier_(carrier),
      slot_(slot),
      seat_(carrier.seat(slot)),
      process_(*seat_.process),
      thread_(thread),
      server_(thread, process_.kinds, carrier.written()) {}

void CarriedThread::Run() {
  for (;;) {
    if (WaitForRequest(slot_) == Fate::kIsOver) return;
    const bool sent = SendQueued();
    carrier_.channel().Read(slot_, request_);
    // What has interrupted no wait of a call has been told of at its end.
    if (request_.begins_call) thread_.ForgetInterruption();
    const bool rests_on_a_look = RestsOnALook(request_);
    if (sent && !rests_on_a_look) thread_.PassDebt();
    if (Serve() == Fate::kIsOver) return;
    if (sent && rests_on_a_look) thread_.PassDebt();
    if (carrier_.written() > Outcome::kMostOutput) {
      return carrier_.EndAtLimit("wrote more than 16 MiB of output", kKilled);
    }
    // Asking what time it is takes some: what others do meanwhile counts for the leases.
    const Time now = answers_at_once_ ? thread_.clock() : thread_.now();
    server_.Lease(request_, answer_);
    process_.timers->Collect(seat_.number, now, answer_.expiries);
    carrier_.channel().Answer(slot_, answer_, now);
  }
}

bool CarriedThread::SendQueued() {
  size_t position = 0;
  bool sent = false;
  {
    const Thread::AtOnce at_once(thread_);
    while (carrier_.channel().ReadQueued(slot_, position, queued_)) {
      if (queued_.number == DUET_REQUEST_NOTE) {
        Note(queued_);
        continue;
      }
      server_.ServeLeased(queued_, unread_);
      sent = true;
    }
  }
  if (position > 0) carrier_.channel().EmptyQueue(slot_);
  return sent;
}

void CarriedThread::ServeQueue() {
  if (SendQueued()) thread_.PassDebt();
}

CarriedThread::Fate CarriedThread::Serve() {
  answers_at_once_ = false;
  answer_.result = answer_.argument = 0;
  answer_.data.clear();
  answer_.address.clear();
  if (request_.number != DUET_REQUEST_HELLO) process_.executes.clear();
  if (!process_.registered && request_.number != DUET_REQUEST_HELLO) {
    answer_.result = -ENOSYS;
    return Fate::kGoesOn;
  }
  switch (request_.number) {
    case DUET_REQUEST_HELLO: return Hello();
    case DUET_REQUEST_STARTED: return Fate::kGoesOn;
    case DUET_REQUEST_UNSUPPORTED:
      carrier_.EndAsUnsupported(
          UnsupportedSentence(carrier_.name(), request_.arguments[0], request_.arguments[1]));
      return Fate::kIsOver;
    case DUET_REQUEST_CLONE: return Clone();
    case DUET_REQUEST_CLONED: return Cloned();
    case DUET_REQUEST_EXIT: return Exit();
    case SYS_exit_group: return ExitGroup();
    case DUET_REQUEST_EXEC:
      process_.executes.assign(request_.data.begin(), request_.data.end());
      process_.executes.resize(std::min(process_.executes.size(), kLongestName));
      break;
    case DUET_REQUEST_WAIT_CHILD: WaitForChild(); break;
    case DUET_REQUEST_WAIT_SIGNAL: WaitForSignal(); break;
    case DUET_REQUEST_SIGNALLED:
      carrier_.Signalled(request_.arguments[0], request_.arguments[1], request_.arguments[2]);
      break;
    case DUET_REQUEST_DEATH_SIGNAL: process_.death_signal = request_.arguments[0]; break;
    case DUET_REQUEST_KILL: return Kill();
    case DUET_REQUEST_CHANGED: carrier_.KernelChanged(); break;
    case DUET_REQUEST_WAIT_CHANGE: WaitForChange(); break;
    case SYS_poll:
    case SYS_select:
    case SYS_epoll_pwait2:
      if (request_.arguments[request_.number == SYS_epoll_pwait2 ? 3 : 2] != 0) carrier_.Watch(seat_, true);
      server_.Serve(request_, answer_);
      if (seat_.watches_kernel) carrier_.Watch(seat_, false);
      break;
    case SYS_futex: Futex(); break;
    case SYS_sched_yield: thread_.Spend(kCallCost); break;
    case SYS_timer_create: MakeTimer(); break;
    case SYS_timer_delete: answer_.result = process_.timers->Delete(request_.arguments[0]) ? 0 : -EINVAL; break;
    case SYS_setitimer:
    case SYS_timer_settime: SetTimer(); break;
    default: server_.Serve(request_, answer_);
  }
  return Fate::kGoesOn;
}

// --- Beginnings and ends ---

CarriedThread::Fate CarriedThread::Hello() {
  if (request_.arguments[0] != DUET_CHANNEL_VERSION) {
    carrier_.EndAsUnsupported(absl::StrCat(carrier_.name(), " was loaded with another version of Duet's library"));
    return Fate::kIsOver;
  }
  // Asked while the program waits, so that its processes are known before it can end.
  if (process_.kernels == nullptr) process_.kernels = carrier_.sandbox().Program();
  if (process_.kernels == nullptr) {
    carrier_.EndAsLabError(absl::StrCat("the processes of ", carrier_.name(), " can't be told apart"));
    return Fate::kIsOver;
  }
  if (!process_.registered) {
    process_.number = seat_.number = static_cast<int>(request_.arguments[1]);
  } else {
    // After an exec, of which nothing else is left of the process.
    carrier_.EndThreads(process_, &thread_);
    made_ = -1;  // went with them
    carrier_.KernelChanged();  // descriptors have closed
    process_.timers->DeleteCreated();
    seat_.number = process_.number;
    duet_ledger_entry entry = LedgerEntry(DUET_CALL_EXECVE, 0, 0, 0);
    entry.data_length = static_cast<uint16_t>(std::min<size_t>(process_.executes.size(), DUET_LEDGER_DATA));
    std::copy_n(process_.executes.begin(), entry.data_length, entry.data);
    Record(entry, 0);
  }
  process_.registered = true;
  process_.executes.clear();
  answer_.data.assign(DUET_CHANNEL_DESCRIPTORS / 8, 0);
  for (int fd = 0; fd < DUET_CHANNEL_DESCRIPTORS; ++fd) {
    if (thread_.IsOpen(fd)) answer_.data[static_cast<size_t>(fd) / 8] |= 1u << (fd % 8);
  }
  return Fate::kGoesOn;
}

CarriedThread::Fate CarriedThread::ProcessIsOver(int status) {
  if (carrier_.IsFirst(process_)) {
    carrier_.End(status);
    return Fate::kIsOver;
  }
  carrier_.ProcessEnded(process_, &thread_);
  return Fate::kIsOver;
}

// Whether what has said that it ends is gone in time; that counts as waiting for the program.
bool CarriedThread::Dies(const std::function<bool(milliseconds)>& wait_for_end) {
  const auto begin = std::chrono::steady_clock::now();
  const bool dies = wait_for_end(kDying);
  carrier_.busy().Waited(std::chrono::steady_clock::now() - begin);
  return dies;
}

bool CarriedThread::Dies(const CarriedProcess& process) {
  return Dies([&](milliseconds limit) {
    if (!process.kernels->WaitForEnd(limit)) return false;
    process.kernels->WaitUntilSettled(process.parent == nullptr);
    return true;
  });
}

CarriedThread::Fate CarriedThread::ExitGroup() {
  const auto status = static_cast<int>(request_.arguments[0] & 0xff);
  if (carrier_.IsFirst(process_)) return ProcessIsOver(status);
  carrier_.channel().Answer(slot_, answer_, thread_.now());
  if (!Dies(process_)) return Lied();
  return ProcessIsOver(status);
}

CarriedThread::Fate CarriedThread::Lied() {
  carrier_.EndAtLimit("goes on where it said that it ends", kKilled);
  return Fate::kIsOver;
}

CarriedThread::Fate CarriedThread::Exit() {
  const auto status = static_cast<int>(request_.arguments[0] & 0xff);
  if (made_ >= 0) carrier_.FreeSlot(std::exchange(made_, -1));
  if (carrier_.ThreadsOf(process_) == 1) {
    if (!carrier_.IsFirst(process_) && !Dies(process_)) return Lied();
    return ProcessIsOver(status);
  }
  if (!Dies([&](milliseconds limit) { return carrier_.channel().WaitForEnd(slot_, limit); })) return Lied();
  carrier_.futexes().Wake(Key(request_.arguments[1], request_.arguments[2]), INT32_MAX, ~0u);
  carrier_.FreeSlot(slot_);
  return Fate::kIsOver;
}

CarriedThread::Fate CarriedThread::Kill() {
  const std::vector<CarriedProcess*> meant =
      carrier_.Meant(request_.arguments[0], request_.arguments[1], process_);
  const bool itself = std::find(meant.begin(), meant.end(), &process_) != meant.end();
  if (request_.arguments[2] != SIGKILL) {
    if (meant.empty()) return Fate::kGoesOn;
    carrier_.EndAsUnsupported(UnsupportedSentence(carrier_.name(), SYS_kill, 0));
    return Fate::kIsOver;
  }
  for (CarriedProcess* process : meant) {
    // An end can bring others with it (PR_SET_PDEATHSIG), the caller too.
    if (process == &process_ || !carrier_.Has(*process)) continue;
    if (carrier_.IsFirst(*process)) {
      carrier_.End(kKilled);
      return Fate::kIsOver;
    }
    process->kernels->Send(SIGKILL);
    if (!Dies(*process)) return Lied();
    carrier_.ProcessEnded(*process, &thread_);
    if (!carrier_.Has(process_)) return Fate::kIsOver;
  }
  if (!itself) return Fate::kGoesOn;
  process_.kernels->Send(SIGKILL);
  if (!Dies(process_)) return Lied();
  return ProcessIsOver(kKilled);
}

CarriedThread::Fate CarriedThread::TooMany() {
  carrier_.EndAtLimit(
      absl::StrCat("has more than ", carrier_.options().limits.processes, " processes and threads at once"), kKilled);
  return Fate::kIsOver;
}

CarriedThread::Fate CarriedThread::Clone() {
  made_process_ = (request_.arguments[0] & CLONE_THREAD) == 0;
  if (made_ >= 0) carrier_.FreeSlot(made_);
  made_ = carrier_.TakeSlot(process_);
  if (made_ < 0) {
    return TooMany();
  }
  answer_.result = made_;
  return Fate::kGoesOn;
}

CarriedThread::Fate CarriedThread::Cloned() {
  const int64_t number = request_.arguments[1];
  const int slot = std::exchange(made_, -1);
  const bool taken = slot < 0 || carrier_.seat(slot).process != &process_ || carrier_.seat(slot).thread != nullptr;
  if (taken || slot != request_.arguments[0]) {
    answer_.result = -EINVAL;
    return Fate::kGoesOn;
  }
  if (number == -EAGAIN) {
    return TooMany();
  }
  if (number <= 0 || number > INT32_MAX) {
    carrier_.FreeSlot(slot);
    answer_.result = number < 0 && number > -4096 ? number : -EINVAL;
    return Fate::kGoesOn;
  }
  // It is on its way: until it waits there nobody else may run.
  if (WaitForRequest(slot) == Fate::kIsOver) return Fate::kIsOver;
  const duet_ledger_entry entry = LedgerEntry(DUET_CALL_CLONE, made_process_ ? 0 : 1, 0, 0);
  answer_.result = Begin(slot, static_cast<int>(number));
  Record(entry, answer_.result);
  thread_.Spend(kCallCost);
  return Fate::kGoesOn;
}

int64_t CarriedThread::Begin(int slot, int number) {
  if (!made_process_) {
    carrier_.Begin(slot, number, thread_, Thread::Descriptors::kShared);
    return number;
  }
  if (born_ == nullptr) born_ = carrier_.NewProcess();
  if (born_ == nullptr) {
    carrier_.FreeSlot(slot);
    return -EAGAIN;
  }
  CarriedProcess& child = carrier_.Fork(process_);
  child.number = number;
  child.kernels = std::move(born_);
  carrier_.seat(slot).process = &child;
  carrier_.Begin(slot, number, thread_, Thread::Descriptors::kCopied);
  return number;
}

}  // namespace lab
