// How a carried program is watched while it is silent, and what becomes of it where it ends without saying so.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "lab/program/carried_thread.h"
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
// However it spends its time: the world, and its grading, stand still.
constexpr auto kLongestSilence = std::chrono::seconds(90);
constexpr milliseconds kFirstLook(2);
constexpr milliseconds kLongestLook(50);

constexpr int kKilled = Carrier::kKilled;

std::string NotLoadedInto(const std::string& program, const std::string& executed) {
  return absl::StrCat(program, " executes ", executed,
                      ", into which Duet's library could not be loaded (a statically linked program can't be carried)");
}

}  // namespace

CarriedThread::Fate CarriedThread::WaitForRequest(int slot) {
  milliseconds look = kFirstLook;
  const Clock::time_point begin = Clock::now();
  Clock::time_point moved = begin;
  double moved_cpu_seconds = process_.cpu_seconds;
  while (!carrier_.channel().WaitForTurn(slot, look)) {
    if (const std::optional<int> status = carrier_.sandbox().ExitStatus(); status.has_value()) {
      Ended(*status);
      return Fate::kIsOver;
    }
    if (!carrier_.IsFirst(process_) && process_.kernels->ended()) return Vanished();
    look = std::min(look * 2, kLongestLook);
    if (look == kLongestLook && Looks(Clock::now() - begin, moved, moved_cpu_seconds) == Fate::kIsOver) {
      return Fate::kIsOver;
    }
  }
  return Fate::kGoesOn;
}

// Whether the program, silent for so long, is getting anywhere.
CarriedThread::Fate CarriedThread::Looks(Clock::duration silent, Clock::time_point& moved,
                                         double& moved_cpu_seconds) {
  WatchedProcess::Progress now;
  now.gone = true;
  if (process_.kernels == nullptr && carrier_.sandbox().launched()) {
    process_.kernels = std::make_unique<WatchedProcess>(carrier_.sandbox().program());
  }
  if (process_.kernels != nullptr) now = process_.kernels->progress();
  if (!now.gone) process_.cpu_seconds = now.cpu_seconds;
  if (now.gone || !now.asleep || process_.cpu_seconds - moved_cpu_seconds > kMostAsleep) {
    moved = Clock::now();
    moved_cpu_seconds = process_.cpu_seconds;
  }
  if (Clock::now() - moved > kStuck) {
    ServeQueue();
    Stuck(now.system_call);
    return Fate::kIsOver;
  }
  if (silent > kLongestSilence) {
    carrier_.EndAtLimit(absl::StrCat("made no call for ", kLongestSilence.count(), " s"), kKilled);
    return Fate::kIsOver;
  }
  return Fate::kGoesOn;
}

// A child process has ended without saying so: by a signal, most of all.
CarriedThread::Fate CarriedThread::Vanished() {
  ServeQueue();
  const WatchedProcess::Progress last = process_.kernels->progress();
  if (!last.gone) process_.cpu_seconds = last.cpu_seconds;
  if (process_.cpu_seconds + 0.5 >= carrier_.options().limits.cpu_seconds) {
    carrier_.EndAtLimit(absl::StrCat("used more than ", carrier_.options().limits.cpu_seconds, " s of CPU time"),
                        128 + SIGXCPU);
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
  if (status == 128 + SIGXCPU || (status == kKilled && first.cpu_seconds + 1 >= limits.cpu_seconds)) {
    return carrier_.EndAtLimit(absl::StrCat("used more than ", limits.cpu_seconds, " s of CPU time"), status);
  }
  if (status == 128 + SIGXFSZ) {
    return carrier_.EndAtLimit(absl::StrCat("wrote a file of more than ", limits.file_bytes >> 20, " MiB"), status);
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
