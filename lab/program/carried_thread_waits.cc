// What a carried program's thread waits for without Sockets: futexes, children, signals, what its kernel has.
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "lab/program/carried_thread.h"

namespace lab {
namespace {

constexpr int64_t kLongestWait = INT64_MAX / 4;

}  // namespace

int64_t CarriedThread::Interruptible(Thread::Woken woken) {
  thread_.Spend(kCallCost);
  switch (woken) {
    case Thread::Woken::kInterrupted: return -EINTR;
    case Thread::Woken::kTimedOut: return -ETIMEDOUT;
    default: return 0;
  }
}

duet_ledger_entry CarriedThread::LedgerEntry(uint32_t call, int64_t first, int64_t second, int64_t third) const {
  duet_ledger_entry entry{};
  entry.call = call;
  entry.arguments[0] = first;
  entry.arguments[1] = second;
  entry.arguments[2] = third;
  entry.begin_ns = thread_.clock().count();
  entry.end_ns = entry.begin_ns - 1;
  return entry;
}

void CarriedThread::Record(duet_ledger_entry entry, int64_t result) {
  entry.end_ns = thread_.clock().count();
  entry.result = result < 0 ? -1 : result;
  entry.error = result < 0 ? static_cast<int32_t>(-result) : 0;
  thread_.Record(entry);
}

// It can lie, but not about what stands in the ledger already, nor about the time.
void CarriedThread::Note(const CarriedRequest& request) {
  duet_ledger_entry entry;
  if (request.data.size() != sizeof(entry)) return;
  std::memcpy(&entry, request.data.data(), sizeof(entry));
  if (entry.call < DUET_CALL_FUTEX || entry.call >= DUET_CALL_COUNT || entry.data_length > DUET_LEDGER_DATA) return;
  entry.end_ns = thread_.clock().count();
  entry.begin_ns = std::clamp<int64_t>(entry.begin_ns, 0, entry.end_ns);
  thread_.Record(entry);
}

void CarriedThread::WaitForChild() {
  const duet_ledger_entry entry = LedgerEntry(DUET_CALL_WAIT, request_.arguments[0], 0, 0);
  thread_.SetPending(&entry);
  seat_.waits_for_child = true;
  const Thread::Woken woken = thread_.Block(std::nullopt, [this] {
    return absl::StrCat("waits for a child process to end: ", carrier_.ChildrenOf(process_));
  });
  seat_.waits_for_child = false;
  thread_.SetPending(nullptr);
  answer_.result = Interruptible(woken);
}

void CarriedThread::WaitForSignal() {
  const int64_t wait_ns = std::min(request_.arguments[0], kLongestWait);
  std::optional<Time> deadline;
  if (wait_ns >= 0) deadline = thread_.clock() + Duration(wait_ns);
  const duet_ledger_entry entry = LedgerEntry(DUET_CALL_SIGWAIT, wait_ns, 0, 0);
  thread_.SetPending(&entry);
  const Thread::Woken woken = thread_.Block(deadline, [] { return "waits for a signal"; });
  thread_.SetPending(nullptr);
  answer_.result = woken == Thread::Woken::kTimedOut ? -EAGAIN : -EINTR;
  thread_.Spend(kCallCost);
}

void CarriedThread::WaitForChange() {
  const int64_t owner = request_.arguments[2] != 0 ? request_.arguments[1] : 0;
  if (carrier_.WouldDeadlock(process_, owner)) {
    answer_.result = -EDEADLK;
    thread_.Spend(kCallCost);
    return;
  }
  seat_.awaited_owner = owner;
  carrier_.Watch(seat_, true);
  thread_.Block(std::nullopt, [this] {
    if (request_.arguments[0] != DUET_FOR_LOCK) return std::string("waits for a named pipe or a descriptor of signals");
    const int64_t owner = request_.arguments[1];
    const std::string name = owner > 0 ? absl::StrCat("process ", owner) : "another";
    return absl::StrCat("waits for a lock of a file that ", name, " has");
  });
  carrier_.Watch(seat_, false);
  seat_.awaited_owner = 0;
  answer_.result = -EINTR;
  thread_.Spend(kCallCost);
}

void CarriedThread::MakeTimer() {
  const int64_t signal = request_.arguments[1];
  if (signal < 0 || signal >= NSIG) {
    answer_.result = -EINVAL;
    return;
  }
  answer_.result = process_.timers->Create({.signal = static_cast<int>(signal),
                                            .thread = request_.arguments[2],
                                            .real_time = request_.arguments[0] != 0});
  thread_.Spend(kCallCost);
}

// setitimer's has no number.
void CarriedThread::SetTimer() {
  const bool alarm = request_.number == SYS_setitimer;
  const int64_t timer = alarm ? int64_t{DUET_TIMER_ALARM} : request_.arguments[0];
  if (!alarm && timer == DUET_TIMER_ALARM) {
    answer_.result = -EINVAL;
    return;
  }
  const int64_t* const times = request_.arguments + (alarm ? 0 : 1);
  std::optional<Thread::Timer> setting;
  if (times[0] >= 0) {
    const bool absolute = !alarm && request_.arguments[3] != 0;
    const int64_t given = std::min(times[0], kLongestWait);
    const bool real_time = process_.timers->real_time(timer);
    const Duration value = absolute ? UntilMoment(given, real_time, thread_.clock()) : Duration(given);
    setting = {value, Duration(std::clamp<int64_t>(times[1], 0, kLongestWait))};
  }
  const std::optional<Thread::Timer> before = process_.timers->Set(timer, setting, thread_);
  answer_.argument = before.has_value() ? before->value.count() : 0;
  answer_.result = before.has_value() ? before->interval.count() : -EINVAL;
  thread_.Spend(kCallCost);
}

FutexTable::Key CarriedThread::Key(int64_t object, int64_t offset) const {
  return {object == 0 ? process_.number : 0, static_cast<uint64_t>(object), static_cast<uint64_t>(offset)};
}

// What the library thinks that the thread waits for; it can be wrong where a program has locks of its own.
std::string CarriedThread::WaitsAtFutex() const {
  const std::string other = carrier_.NameOfThread(process_, request_.arguments[5] >> 8);
  switch (other.empty() ? int64_t{DUET_FOR_NEWS} : request_.arguments[5] & 0xff) {
    case DUET_FOR_MUTEX: return absl::StrCat("waits for a mutex that ", other, " has locked");
    case DUET_FOR_END: return absl::StrCat("waits for ", other, " to end");
    default: return "waits for another thread to wake it (at a condition variable, a semaphore or the like)";
  }
}

void CarriedThread::Futex() {
  const bool waits = request_.arguments[0] == DUET_FUTEX_WAIT;
  const duet_ledger_entry entry =
      LedgerEntry(DUET_CALL_FUTEX, request_.arguments[2], waits ? 0 : 1, request_.arguments[3]);
  thread_.SetPending(&entry);
  ServeFutex();
  thread_.SetPending(nullptr);
  Record(entry, answer_.result);
}

void CarriedThread::ServeFutex() {
  const FutexTable::Key key = Key(request_.arguments[1], request_.arguments[2]);
  const int64_t first = request_.arguments[3];
  const int64_t second = request_.arguments[4];
  switch (request_.arguments[0]) {
    case DUET_FUTEX_WAIT: {
      std::optional<Time> deadline;
      if (first >= 0) deadline = thread_.clock() + Duration(std::min(first, kLongestWait));
      const Thread::Woken woken =
          carrier_.futexes().Wait(thread_, seat_.number, key, static_cast<uint32_t>(second), deadline,
                                  [this] { return WaitsAtFutex(); });
      answer_.result = Interruptible(woken);
      return;
    }
    case DUET_FUTEX_WAKE:
      answer_.result = carrier_.futexes().Wake(key, first, static_cast<uint32_t>(second));
      break;
    case DUET_FUTEX_MOVE: {
      uint64_t to[2] = {};
      if (request_.data.size() == sizeof(to)) std::memcpy(to, request_.data.data(), sizeof(to));
      answer_.result = carrier_.futexes().Move(
          key, first, Key(static_cast<int64_t>(to[0]), static_cast<int64_t>(to[1])), second);
      break;
    }
    case DUET_FUTEX_HAND: {
      // The library writes the next owner down with the answer; until then nobody may look.
      thread_.Spend(kCallCost);
      bool more = false;
      answer_.result = carrier_.futexes().Hand(key, more);
      answer_.argument = more;
      answers_at_once_ = true;
      return;
    }
    default: answer_.result = -ENOSYS;
  }
  thread_.Spend(kCallCost);
}

}  // namespace lab
