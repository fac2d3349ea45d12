#include "lab/run/play.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/run/judge.h"
#include "lab/run/pace.h"

namespace lab::run {
namespace {

// How long a program may take to begin to serve before the next one starts all the same.
constexpr Duration kReady = std::chrono::seconds(1);
// What servers get at the end, to finish what they do.
constexpr Duration kSettle = std::chrono::milliseconds(200);
constexpr Duration kTell = std::chrono::seconds(1);

const char* Name(Change::What what) {
  switch (what) {
    case Change::What::kPause: return "pause";
    case Change::What::kResume: return "resume";
    default: return "kill";
  }
}

class Stage {
 public:
  Stage(World& world, const Plan& plan, const Player& player)
      : world_(world), plan_(plan), player_(player), programs_(plan.programs.size()) {
    for (size_t i = 0; i < programs_.size(); ++i) {
      programs_[i].typed = plan.programs[i].typed;
      if (plan.programs[i].interactive && player.live_input != nullptr) live_ = i;
    }
  }

  Played::End Run() {
    for (const HostOptions& host : plan_.hosts) world_.AddHost(host);
    for (const PlannedLink& link : plan_.links) world_.SetLink(link.a, link.b, link.options);
    for (const Rule& rule : plan_.rules) world_.AddRule(rule);
    Played::End end = Played::End::kDone;
    while (!AllDone()) {
      const Time next = std::min(NextTime(), plan_.limit);
      const bool at_rest = Listens() ? AdvanceListening(next) : Advance(next);
      if (AllDone()) break;
      if (at_rest && NextTime() == Time::max()) {
        // Where only servers are left, of which none can be told to be one, nothing is missing.
        end = OnlyServersWait() ? Played::End::kDone : Played::End::kStandstill;
        break;
      }
      if (at_rest) LetPass(next);
      if (world_.now() >= plan_.limit) {
        end = Played::End::kLimit;
        break;
      }
      Start();
      ApplyChanges();
      GiveInputs();
    }
    ended_at_ = world_.now();
    standstill_ = world_.Deadlock();
    if (end == Played::End::kDone && SomethingRuns()) world_.RunFor(kSettle);
    PassOutput();
    return end;
  }

  Played::Program Result(size_t i) const {
    const Running& program = programs_[i];
    if (!program.started()) return {.name = plan_.programs[i].name};
    return {plan_.programs[i].name, program.process, world_.outcome(program.process), program.killed, program.typed};
  }
  Time ended_at() const { return ended_at_; }
  const std::string& standstill() const { return standstill_; }
  const std::vector<std::string>& idle_faults() const { return idle_faults_; }

 private:
  struct Running {
    ProcessId process = -1;
    bool killed = false;
    Time start{0};
    size_t passed_output = 0;  // bytes that on_output has seen
    size_t passed_errors = 0;
    std::vector<PlannedInput> typed;
    size_t given = 0;  // of those

    bool started() const { return process >= 0; }
  };

  // Lets the world run until `next`, or until something is to be done before; a second at a time, so that it can be
  // told. True where nothing can happen any more by itself.
  bool Advance(Time next) {
    while (world_.now() < next) {
      const Time until = std::min(next, world_.now() + kTell);
      const bool held = world_.RunUntil(
          [&] {
            PassOutput();
            TellTime();
            return StartsNow() || AllDone();
          },
          until - world_.now());
      player_.on_time(world_.now());
      if (held) return false;
      if (world_.now() < until) return true;
    }
    return false;
  }

  // Whether somebody may type something that a program is to have.
  bool Listens() const { return live_.has_value() && !Ended(*live_); }

  // As Advance, until somebody has typed something too, and no faster than time passes on the wall. Never at rest.
  bool AdvanceListening(Time next) {
    const bool real = world_.kind() == WorldKind::kReal;
    const auto typed = [&] { return programs_[*live_].started() && player_.live_input->Wait(Duration::zero()); };
    const auto due = [&] {
      PassOutput();
      return StartsNow() || AllDone() || (real && typed());
    };
    while (world_.now() < next) {
      const Time until = real ? std::min(next, world_.now() + kTell) : std::clamp(pace_.Allowed(), world_.now(), next);
      const bool held = world_.RunUntil(due, until - world_.now());
      if (!held && world_.now() < until) world_.RunFor(until - world_.now());
      PassOutput();
      TellTime();
      pace_.Reached(world_.now());
      const bool taken = typed();
      if (taken) TakeTyped();
      if (held || taken) return false;
      if (real || world_.now() >= next) continue;
      const Time wake = std::min({next, world_.NextEvent(), world_.now() + kTell});
      if (programs_[*live_].started()) player_.live_input->Wait(wake - pace_.Allowed());
      else std::this_thread::sleep_for(wake - pace_.Allowed());
    }
    return false;
  }

  // It comes at a whole millisecond that is still ahead, so that it can be planned as well.
  void TakeTyped() {
    using std::chrono::milliseconds;
    Running& program = programs_[*live_];
    std::string text = player_.live_input->Take();
    Time after = world_.now();
    if (world_.kind() == WorldKind::kSim) after = std::max(after, pace_.Allowed());
    if (!program.typed.empty()) after = std::max(after, program.typed.back().at);
    const bool end = text.empty();
    program.typed.push_back({std::chrono::floor<milliseconds>(after) + milliseconds(1), std::move(text), end});
    if (end) live_.reset();
  }

  void TellTime() {
    const auto now = std::chrono::steady_clock::now();
    if (now < told_ + kTell) return;
    told_ = now;
    player_.on_time(world_.now());
  }

  // When a program gets something on its standard input, if it does.
  Time NextInput(size_t i) const {
    const Running& program = programs_[i];
    const bool more = program.started() && !Ended(i) && program.given < program.typed.size();
    return more ? program.typed[program.given].at : Time::max();
  }

  void GiveInputs() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      Running& program = programs_[i];
      for (; NextInput(i) <= world_.now(); ++program.given) {
        const PlannedInput& typed = program.typed[program.given];
        world_.GiveInput(program.process, typed.text);
        if (typed.end) world_.EndInput(program.process);
      }
    }
  }

  // Lets time go by in which nothing happens.
  void LetPass(Time until) {
    while (world_.now() < until) {
      world_.RunFor(std::min(kTell, until - world_.now()));
      player_.on_time(world_.now());
    }
  }

  void PassOutput() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      Running& program = programs_[i];
      if (!program.started()) continue;
      const Outcome& outcome = world_.outcome(program.process);
      Pass(i, false, outcome.output, program.passed_output);
      Pass(i, true, outcome.error_output, program.passed_errors);
    }
  }

  void Pass(size_t program, bool error_output, std::string_view bytes, size_t& passed) {
    if (bytes.size() == passed) return;
    const std::string_view fresh = bytes.substr(passed);
    passed = bytes.size();
    player_.on_output(program, error_output, fresh);
  }

  bool Ended(size_t i) const { return programs_[i].started() && world_.outcome(programs_[i].process).exited; }

  // Its host serves, and it is alone there: otherwise whose the port is can't be told.
  bool IsSeenToServe(size_t i) const {
    const HostId host = plan_.programs[i].host;
    for (size_t k = 0; k < programs_.size(); ++k) {
      const bool beside = k != i && plan_.programs[k].host == host && programs_[k].started() && !Ended(k);
      if (beside) return false;
    }
    return world_.Serves(host);
  }

  // Nobody waits for its end.
  bool Serves(size_t i) const {
    const std::optional<bool> told = plan_.programs[i].serves;
    return told.has_value() ? *told : IsSeenToServe(i);
  }

  bool SomethingRuns() const {
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (programs_[i].started() && !Ended(i)) return true;
    }
    return false;
  }

  // Each that runs is on a host that serves, and none has been said not to.
  bool OnlyServersWait() const {
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (!programs_[i].started()) return false;
      if (!Ended(i) && !plan_.programs[i].serves.value_or(world_.Serves(plan_.programs[i].host))) return false;
    }
    return true;
  }

  bool AwaitsInput(size_t i) const { return live_ == i || programs_[i].given < programs_[i].typed.size(); }

  bool Done(size_t i) const { return programs_[i].started() && (Ended(i) || (!AwaitsInput(i) && Serves(i))); }

  bool AllDone() const {
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (!Done(i)) return false;
    }
    return true;
  }

  // The next of those that start in order.
  size_t NextInOrder() const {
    size_t i = 0;
    while (i < programs_.size() && (programs_[i].started() || plan_.programs[i].at.has_value())) ++i;
    return i;
  }

  // The latest that started in order, or none.
  std::optional<size_t> LastInOrder() const {
    std::optional<size_t> last;
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (programs_[i].started() && !plan_.programs[i].at.has_value()) last = i;
    }
    return last;
  }

  // Whether the next one in order is to start.
  bool StartsNow() const {
    if (NextInOrder() == programs_.size()) return false;
    const std::optional<size_t> before = LastInOrder();
    return !before.has_value() || Ended(*before) || IsSeenToServe(*before) ||
           world_.now() >= programs_[*before].start + kReady;
  }

  // When something is to be done at the latest, whatever happens.
  Time NextTime() const {
    Time next = Time::max();
    if (changed_ < plan_.changes.size()) next = plan_.changes[changed_].at;
    for (size_t i = 0; i < programs_.size(); ++i) {
      const PlannedProgram& planned = plan_.programs[i];
      if (!programs_[i].started() && planned.at.has_value()) next = std::min(next, *planned.at);
      next = std::min(next, NextInput(i));
    }
    const std::optional<size_t> before = LastInOrder();
    if (NextInOrder() < programs_.size()) next = std::min(next, before ? programs_[*before].start + kReady : Time(0));
    return next;
  }

  void ApplyChanges() {
    for (; changed_ < plan_.changes.size() && plan_.changes[changed_].at <= world_.now(); ++changed_) {
      const Change& change = plan_.changes[changed_];
      if (change.what == Change::What::kLink) {
        world_.SetLink(change.link.a, change.link.b, change.link.options);
        continue;
      }
      Running& program = programs_[change.program];
      if (!program.started() || Ended(change.program)) {
        const char* const why = program.started() ? "has ended" : "has not started";
        idle_faults_.push_back(absl::StrCat(plan_.programs[change.program].name, ": there is nothing to ",
                                            Name(change.what), ": it ", why, " by then"));
        continue;
      }
      switch (change.what) {
        case Change::What::kPause: world_.Pause(program.process); break;
        case Change::What::kResume: world_.Resume(program.process); break;
        default:
          program.killed = true;
          world_.Kill(program.process);
          break;
      }
    }
  }

  void Start() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      const std::optional<Time> at = plan_.programs[i].at;
      if (!programs_[i].started() && at.has_value() && *at <= world_.now()) StartProgram(i);
    }
    if (StartsNow()) StartProgram(NextInOrder());
  }

  void StartProgram(size_t i) {
    const PlannedProgram& planned = plan_.programs[i];
    StartOptions options;
    options.name = planned.name;
    options.arguments.assign(planned.command.begin() + 1, planned.command.end());
    options.input = planned.input;
    options.more_input = live_ == i || !planned.typed.empty();
    options.short_transfers = planned.short_transfers;
    programs_[i].start = world_.now();
    programs_[i].process = world_.Start(planned.host, options, player_.make_program(planned));
  }

  World& world_;
  const Plan& plan_;
  const Player& player_;
  std::vector<Running> programs_;
  size_t changed_ = 0;
  std::optional<size_t> live_;  // the program that somebody may type for
  Pace pace_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
  Time ended_at_{0};
  std::string standstill_;
  std::vector<std::string> idle_faults_;
};

}  // namespace

Played Play(World& world, const Plan& plan, const Player& player) {
  Played played;
  Stage stage(world, plan, player);
  played.end = stage.Run();
  played.ended_at = stage.ended_at();
  played.idle_faults = stage.idle_faults();
  played.standstill = stage.standstill();
  for (size_t i = 0; i < plan.programs.size(); ++i) played.programs.push_back(stage.Result(i));
  Judge(plan, world.trace(), played);
  return played;
}

}  // namespace lab::run
