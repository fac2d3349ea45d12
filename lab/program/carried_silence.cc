// How a carried program is watched while it is silent, and what becomes of it where it ends without saying so.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "lab/program/carried_thread.h"
#include "lab/program/program_sandbox.h"
#include "lab/program/unsupported.h"

namespace lab {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How long a program may sleep in its own kernel, using no processor and asking for nothing, before it is taken for
// stuck there. In the machine's time: long enough for a machine that is busy with other things.
constexpr auto kStuck = std::chrono::seconds(5);
// What one that wakes up again and again may use of a processor meanwhile, and still count as asleep.
constexpr double kMostAsleep = 0.05;
// No sooner than the kernel's next tick: a wait with an earlier end has the processor's timer set, each time, which in
// a virtual machine costs a seventh of an echo.
constexpr milliseconds kFirstLook(20);
constexpr milliseconds kLongestLook(50);

constexpr int kKilled = Carrier::kKilled;

std::string NotLoadedInto(const std::string& program, const std::string& executed) {
  return absl::StrCat(program, " executes ", executed,
                      ", into which Duet's library could not be loaded (a statically linked program can't be carried)");
}

}  // namespace

// Which process it is whose slot is waited for: this thread's, or the one that it has just made.
const WatchedProcess* CarriedThread::Awaited(int slot) {
  if (slot != slot_ && made_process_) {
    if (born_ == nullptr) born_ = carrier_.NewProcess();
    return born_.get();
  }
  if (process_.kernels == nullptr) process_.kernels = carrier_.sandbox().Program();
  return process_.kernels.get();
}

CarriedThread::Fate CarriedThread::WaitForRequest(int slot) {
  milliseconds look = kFirstLook;
  Silence silence;
  // What it said last counts, however soon after that it ended.
  const auto asks = [&] { return carrier_.channel().WaitForTurn(slot, milliseconds(0)); };
  while (!carrier_.channel().WaitForTurn(slot, look)) {
    if (const std::optional<int> status = carrier_.sandbox().ExitStatus(); status.has_value()) {
      if (asks()) break;
      Ended(*status);
      return Fate::kIsOver;
    }
    const WatchedProcess* const awaited = Awaited(slot);
    const bool first = carrier_.IsFirst(process_) && awaited == process_.kernels.get();
    if (awaited != nullptr && !first && awaited->ended()) {
      if (asks() || awaited == born_.get()) break;
      return Vanished();
    }
    look = std::min(look * 2, kLongestLook);
    if (look == kLongestLook && Looks(awaited, silence) == Fate::kIsOver) return Fate::kIsOver;
  }
  carrier_.busy().Waited(Clock::now() - silence.begin);
  return EndIfTooBusy(Clock::duration::zero());
}

// Whether a process that is silent is getting anywhere.
CarriedThread::Fate CarriedThread::Looks(const WatchedProcess* awaited, Silence& silence) {
  WatchedProcess::Progress now;
  now.gone = true;
  if (awaited != nullptr) now = awaited->progress();
  if (!now.gone && awaited == process_.kernels.get()) process_.cpu_seconds = now.cpu_seconds;
  if (now.gone || !now.asleep || now.cpu_seconds - silence.cpu_seconds > kMostAsleep) {
    silence.moved = Clock::now();
    silence.cpu_seconds = now.cpu_seconds;
  }
  if (Clock::now() - silence.moved > kStuck) {
    ServeQueue();
    Stuck(now.system_call);
    return Fate::kIsOver;
  }
  return EndIfTooBusy(Clock::now() - silence.begin);
}

CarriedThread::Fate CarriedThread::EndIfTooBusy(Clock::duration more) {
  if (!carrier_.IsTooBusy(more)) return Fate::kGoesOn;
  ServeQueue();
  carrier_.EndAsTooBusy();
  return Fate::kIsOver;
}

// A child process has ended without saying so: by a signal, most of all.
CarriedThread::Fate CarriedThread::Vanished() {
  Dies(process_);
  ServeQueue();
  const WatchedProcess::Progress last = process_.kernels->progress();
  if (!last.gone) process_.cpu_seconds = last.cpu_seconds;
  if (process_.cpu_seconds + 0.5 >= carrier_.options().limits.cpu_seconds) {
    carrier_.EndAtLimit(UsedTooMuchCpu(carrier_.options().limits), 128 + SIGXCPU);
  } else if (!process_.executes.empty()) {
    carrier_.EndAsUnsupported(NotLoadedInto(carrier_.name(), process_.executes));
  }
  return ProcessIsOver(kKilled);
}

void CarriedThread::Ended(int status) {
  ServeQueue();
  const Limits& limits = carrier_.options().limits;
  CarriedProcess& first = carrier_.first();
  if (!first.registered) return NeverRegistered(status);
  if (status == kKilled && first.cpu_seconds + 1 >= limits.cpu_seconds) {
    return carrier_.EndAtLimit(UsedTooMuchCpu(limits), status);
  }
  if (const std::string reached = LimitReached(limits, status); !reached.empty()) {
    return carrier_.EndAtLimit(reached, status);
  }
  if (!first.executes.empty()) {
    return carrier_.EndAsUnsupported(NotLoadedInto(carrier_.name(), first.executes));
  }
  carrier_.End(status);
}

void CarriedThread::NeverRegistered(int status) {
  const std::string& name = carrier_.name();
  const std::string complaint = carrier_.sandbox().Complaint();
  const std::string because = complaint.empty() ? "" : absl::StrCat(": ", complaint);
  if (!carrier_.sandbox().launched()) {
    return carrier_.EndAsLabError(absl::StrCat("the sandbox for ", name, " could not be made", because));
  }
  if (const int error = carrier_.sandbox().exec_error(); error != 0) {
    return carrier_.EndAsUnsupported(absl::StrCat(name, " can't be executed: ", strerror(error)), status);
  }
  carrier_.EndAsUnsupported(absl::StrCat(name, " ended before Duet's library was loaded into it (a statically linked "
                                               "program can't be carried: link it with the shared C library)",
                                         because), status);
}

void CarriedThread::Stuck(long system_call) {
  if (!process_.registered) return NeverRegistered(kKilled);
  const std::string where = system_call < 0 ? "" : absl::StrCat(" in ", SystemCallName(system_call));
  carrier_.EndAsUnsupported(absl::StrCat(carrier_.name(), " sleeps", where, ", which Duet does not carry yet"));
}

}  // namespace lab
