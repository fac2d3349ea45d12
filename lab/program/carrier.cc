#include "lab/program/carrier.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/program/carried_thread.h"
#include "lab/program/program_sandbox.h"
#include "lab/world/world.h"

namespace lab {
namespace {

// A hand-over costs fifteen times as much across processors: this thread, and with it the programs that it starts,
// stays where it is.
void StayOnThisProcessor() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
  sched_setaffinity(0, sizeof(here), &here);
}

}  // namespace

Carrier::Carrier(Thread& thread, const ProgramOptions& options)
    : thread_(thread), options_(options), name_(ProgramName(options)) {}

Carrier::~Carrier() {
  for (Seat& seat : seats_) {
    if (seat.thread != nullptr) seat.thread->End();
  }
}

absl::Status Carrier::Start() {
  absl::StatusOr<std::unique_ptr<CarriedChannel>> channel = CarriedChannel::Make();
  if (!channel.ok()) return channel.status();
  channel_ = *std::move(channel);
  ProgramSandbox sandbox;
  sandbox.carried = true;
  std::vector<std::string> arguments = thread_.arguments();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  const absl::StatusOr<std::vector<std::string>> line = ProgramCommand(options_, arguments, sandbox);
  if (!line.ok()) return line.status();
  StayOnThisProcessor();
  absl::StatusOr<std::unique_ptr<SandboxedProcess>> started = SandboxedProcess::Start(*line, channel_->fd());
  if (!started.ok()) return started.status();
  sandbox_ = *std::move(started);
  return absl::OkStatus();
}

int Carrier::Run() {
  AddProcess();
  if (const absl::Status started = Start(); !started.ok()) {
    EndAsLabError(std::string(started.message()));
    return *status_;
  }
  seats_[0].process = &first();
  Begin(0, 0, thread_, Thread::Descriptors::kShared);
  thread_.LeaveDescriptors();
  while (!status_.has_value()) {
    thread_.Block(std::nullopt, [] { return std::string(); });
  }
  return *status_;
}

void Carrier::End(int status) {
  if (!status_.has_value()) status_ = status;
  thread_.Wake();
}

// The first to say how it ends counts: what runs on for a moment adds nothing.
void Carrier::EndAsUnsupported(const std::string& sentence, int status) {
  if (status_.has_value()) return;
  thread_.report(kUnsupportedReport, sentence);
  End(status);
}

void Carrier::EndAtLimit(const std::string& what, int status) {
  if (status_.has_value()) return;
  thread_.report(kLimitReport, absl::StrCat(name_, " ", what));
  End(status);
}

void Carrier::EndAsLabError(const std::string& sentence) {
  if (status_.has_value()) return;
  thread_.report(kLabErrorReport, sentence);
  End(127);
}

bool Carrier::IsTooBusy(BusyTime::Duration more) const {
  return busy_.total() + more > std::chrono::seconds(options_.limits.busy_seconds);
}

void Carrier::EndAsTooBusy() {
  EndAtLimit(absl::StrCat("kept the lab busy for more than ", options_.limits.busy_seconds, " s"), kKilled);
}

int Carrier::TakeSlot(CarriedProcess& process) {
  const auto taken = std::count_if(seats_.begin(), seats_.end(), [](const Seat& s) { return s.process != nullptr; });
  if (taken >= options_.limits.processes) return -1;
  const auto found = std::find_if(seats_.begin(), seats_.end(), [](const Seat& s) { return s.process == nullptr; });
  if (found == seats_.end()) return -1;
  *found = {};
  found->process = &process;
  const int slot = static_cast<int>(found - seats_.begin());
  channel_->Prepare(slot);
  return slot;
}

int Carrier::ThreadsOf(const CarriedProcess& process) const {
  return static_cast<int>(
      std::count_if(seats_.begin(), seats_.end(), [&](const Seat& s) { return s.process == &process; }));
}

// "thread 4", "process 7", "thread 9 of process 7".
std::string Carrier::NameOf(const Seat& seat) const {
  const bool of_first = IsFirst(*seat.process);
  if (seat.number == seat.process->number) return of_first ? "" : absl::StrCat("process ", seat.number);
  if (of_first) return absl::StrCat("thread ", seat.number);
  return absl::StrCat("thread ", seat.number, " of process ", seat.process->number);
}

std::string Carrier::NameOfThread(const CarriedProcess& process, int64_t number) const {
  for (const Seat& seat : seats_) {
    if (seat.process != &process || seat.number != number || number == 0) continue;
    const std::string name = NameOf(seat);
    return name.empty() ? "the main thread" : name;
  }
  return "";
}

std::string Carrier::ChildrenOf(const CarriedProcess& process) const {
  std::vector<std::string> names;
  for (const auto& other : processes_) {
    if (other->parent == &process) names.push_back(absl::StrCat("process ", other->number));
  }
  return absl::StrJoin(names, ", ");
}

void Carrier::Begin(int slot, int number, Thread& maker, Thread::Descriptors descriptors) {
  Seat& taken = seat(slot);
  taken.number = number;
  taken.thread = &maker.Start(descriptors, [this, slot](Thread& thread) {
    CarriedThread(*this, slot, thread).Run();
    // Where it has ended the program, its slot is still taken.
    if (seat(slot).thread == &thread) seat(slot).thread = nullptr;
  });
  taken.thread->SetName(NameOf(taken));
}

CarriedProcess& Carrier::Fork(CarriedProcess& parent) {
  CarriedProcess& child = AddProcess();
  child.parent = &parent;
  child.kinds = parent.kinds;
  child.registered = true;
  return child;
}

CarriedProcess& Carrier::AddProcess() {
  CarriedProcess& process = *processes_.emplace_back(std::make_unique<CarriedProcess>());
  process.timers = std::make_unique<ProcessTimers>([this, &process](const ProcessTimers::Event& event) {
    if (event.thread == 0) Interrupt(process, event.signal);
    else InterruptThread(event.thread, event.signal);
  });
  return process;
}

std::unique_ptr<WatchedProcess> Carrier::NewProcess() {
  return sandbox_->NewProcess([this](pid_t said) {
    return std::any_of(processes_.begin(), processes_.end(), [said](const auto& process) {
      return process->kernels != nullptr && process->kernels->pid() == said;
    });
  });
}

void Carrier::EndThreads(const CarriedProcess& process, const Thread* but) {
  for (Seat& seat : seats_) {
    if (seat.process != &process || (but != nullptr && seat.thread == but)) continue;
    if (seat.thread != nullptr) seat.thread->End();
    seat = {};
  }
}

void Carrier::ProcessEnded(CarriedProcess& process, const Thread* current) {
  EndThreads(process, current);
  for (Seat& seat : seats_) {
    if (seat.process == &process) seat = {};
  }
  TellOrphans(process, current);
  CarriedProcess* const parent = process.parent;
  for (const auto& other : processes_) {
    if (other->parent == &process) other->parent = nullptr;
  }
  std::erase_if(processes_, [&](const auto& other) { return other.get() == &process; });
  KernelChanged();
  futexes_.WakeShared();  // its kernel has marked the robust mutexes that it had
  if (parent == nullptr) return;
  for (const Seat& seat : seats_) {
    if (seat.process == parent && seat.waits_for_child) seat.thread->Wake();
  }
  Interrupt(*parent, SIGCHLD);
}

void Carrier::TellOrphans(const CarriedProcess& process, const Thread* current) {
  std::vector<CarriedProcess*> killed;
  for (const auto& other : processes_) {
    if (other->parent != &process || other->death_signal == 0) continue;
    if (other->death_signal == SIGKILL) killed.push_back(other.get());
    else Interrupt(*other, other->death_signal);
  }
  for (CarriedProcess* const child : killed) {
    // It may have asked while another was its parent.
    constexpr std::chrono::milliseconds kAtOnce(1000);
    const auto begin = std::chrono::steady_clock::now();
    const bool ended = child->kernels->WaitForEnd(kAtOnce);
    if (ended) child->kernels->WaitUntilSettled(/*orphaned=*/true);
    busy().Waited(std::chrono::steady_clock::now() - begin);
    if (ended) ProcessEnded(*child, current);
  }
}

bool Carrier::WouldDeadlock(const CarriedProcess& process, int64_t owner) const {
  constexpr int kMostSteps = 10;  // Linux's
  for (int step = 0; step < kMostSteps && owner > 0; ++step) {
    if (owner == process.number) return true;
    const auto waits = std::find_if(seats_.begin(), seats_.end(), [&](const Seat& seat) {
      return seat.process != nullptr && seat.process->number == owner && seat.awaited_owner != 0;
    });
    if (waits == seats_.end()) return false;
    owner = waits->awaited_owner;
  }
  return false;
}

void Carrier::Watch(Seat& seat, bool watches) {
  seat.watches_kernel = watches;
  channel_->SetWatchers(static_cast<uint32_t>(
      std::count_if(seats_.begin(), seats_.end(), [](const Seat& s) { return s.watches_kernel; })));
}

void Carrier::KernelChanged() {
  for (const Seat& seat : seats_) {
    if (seat.watches_kernel && seat.thread != nullptr) seat.thread->Interrupt();
  }
}

// Linux gives it to any thread that doesn't block it, the first one first; and wakes all that wait for it besides, at a
// descriptor of signals, say.
void Carrier::Interrupt(const CarriedProcess& process, int64_t signal) {
  bool taken = false;
  for (size_t i = 0; i < seats_.size(); ++i) {
    const Seat& seat = seats_[i];
    const int slot = static_cast<int>(i);
    if (seat.process != &process || seat.thread == nullptr) continue;
    const bool takes = !taken && channel_->WouldTake(slot, signal);
    taken = taken || takes;
    if (takes || channel_->Awaits(slot, signal)) seat.thread->Interrupt();
  }
}

void Carrier::InterruptThread(int64_t thread, int64_t signal) {
  for (size_t slot = 0; slot < seats_.size(); ++slot) {
    const Seat& seat = seats_[slot];
    if (seat.thread == nullptr || seat.number != thread) continue;
    const int number = static_cast<int>(slot);
    if (channel_->WouldTake(number, signal) || channel_->Awaits(number, signal)) seat.thread->Interrupt();
  }
}

void Carrier::Signalled(int64_t number, int64_t thread, int64_t signal) {
  if (thread != 0) return InterruptThread(thread, signal);
  for (const auto& process : processes_) {
    if (number < 1 || process->number == number) Interrupt(*process, signal);
  }
}

bool Carrier::Has(const CarriedProcess& process) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& each) { return each.get() == &process; });
}

std::vector<CarriedProcess*> Carrier::Meant(int64_t number, int64_t thread, const CarriedProcess& caller) const {
  if (thread != 0) {
    const auto seat = std::find_if(seats_.begin(), seats_.end(), [&](const Seat& s) {
      return s.process != nullptr && s.number == thread;
    });
    return seat == seats_.end() ? std::vector<CarriedProcess*>() : std::vector<CarriedProcess*>{seat->process};
  }
  const pid_t group = number == 0 ? caller.kernels->group() : 0;
  std::vector<CarriedProcess*> meant;
  for (const auto& process : processes_) {
    const bool is_meant = number > 0     ? process->number == number
                          : number == -1 ? process.get() != &caller
                          : number == 0  ? process->kernels->group() == group
                                         : process->kernels->group() == -number;
    if (is_meant) meant.push_back(process.get());
  }
  return meant;
}

}  // namespace lab
