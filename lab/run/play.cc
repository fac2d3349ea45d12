#include "lab/run/play.h"

#include <algorithm>
#include <utility>

#include "lab/run/judge.h"

namespace lab::run {
namespace {

// How long a program may take to begin to serve before the next one starts all the same.
constexpr Duration kReady = std::chrono::seconds(1);
// What servers get at the end, to finish what they do.
constexpr Duration kSettle = std::chrono::milliseconds(200);
constexpr Duration kTell = std::chrono::seconds(1);

class Stage {
 public:
  Stage(World& world, const Plan& plan, const Player& player)
      : world_(world), plan_(plan), player_(player), programs_(plan.programs.size()) {}

  Played::End Run() {
    for (const HostOptions& host : plan_.hosts) world_.AddHost(host);
    for (const PlannedLink& link : plan_.links) world_.SetLink(link.a, link.b, link.options);
    for (const Rule& rule : plan_.rules) world_.AddRule(rule);
    Played::End end = Played::End::kDone;
    while (!AllDone()) {
      const Time next = std::min(NextTime(), plan_.limit);
      Advance(next);
      if (AllDone()) break;
      const bool at_rest = world_.now() < next && !StartsNow();
      if (at_rest && next < plan_.limit) world_.RunFor(next - world_.now());
      if (at_rest && next >= plan_.limit) {
        end = Played::End::kStandstill;
        break;
      }
      if (world_.now() >= plan_.limit) {
        end = Played::End::kLimit;
        break;
      }
      Change();
      Start();
    }
    standstill_ = world_.Deadlock();
    if (end == Played::End::kDone) world_.RunFor(kSettle);
    PassOutput();
    return end;
  }

  Played::Program Result(size_t i) const {
    const Running& program = programs_[i];
    if (!program.started) return {plan_.programs[i].name, {}, false};
    return {plan_.programs[i].name, world_.outcome(program.process), true};
  }
  const std::string& standstill() const { return standstill_; }

 private:
  struct Running {
    bool started = false;
    Time start{0};
    ProcessId process = -1;
    size_t passed_output = 0;  // bytes that on_output has seen
    size_t passed_errors = 0;
  };

  // Lets the world run until `next`, or until something is to be done before; a second at a time, so that it can be
  // told.
  void Advance(Time next) {
    while (world_.now() < next) {
      const Time until = std::min(next, world_.now() + kTell);
      const bool held = world_.RunUntil(
          [&] {
            PassOutput();
            return StartsNow() || AllDone();
          },
          until - world_.now());
      player_.on_time(world_.now());
      if (held || world_.now() < until) return;
    }
  }

  void PassOutput() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      Running& program = programs_[i];
      if (!program.started) continue;
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

  bool Ended(size_t i) const { return programs_[i].started && world_.outcome(programs_[i].process).exited; }

  // Nobody waits for its end.
  bool Serves(size_t i) const {
    const PlannedProgram& planned = plan_.programs[i];
    if (planned.serves.has_value()) return *planned.serves;
    for (size_t k = 0; k < programs_.size(); ++k) {
      const bool beside = k != i && plan_.programs[k].host == planned.host && programs_[k].started && !Ended(k);
      if (beside) return false;  // whose the port is can't be told
    }
    return world_.Serves(planned.host);
  }

  bool Done(size_t i) const { return programs_[i].started && (Ended(i) || Serves(i)); }

  bool AllDone() const {
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (!Done(i)) return false;
    }
    return true;
  }

  // The next of those that start in order.
  size_t NextInOrder() const {
    size_t i = 0;
    while (i < programs_.size() && (programs_[i].started || plan_.programs[i].at.has_value())) ++i;
    return i;
  }

  // The latest that started in order, or none.
  std::optional<size_t> LastInOrder() const {
    std::optional<size_t> last;
    for (size_t i = 0; i < programs_.size(); ++i) {
      if (programs_[i].started && !plan_.programs[i].at.has_value()) last = i;
    }
    return last;
  }

  // Whether the next one in order is to start.
  bool StartsNow() const {
    if (NextInOrder() == programs_.size()) return false;
    const std::optional<size_t> before = LastInOrder();
    return !before.has_value() || Ended(*before) || world_.Serves(plan_.programs[*before].host) ||
           world_.now() >= programs_[*before].start + kReady;
  }

  // When something is to be done at the latest, whatever happens.
  Time NextTime() const {
    Time next = Time::max();
    if (changed_ < plan_.changes.size()) next = plan_.changes[changed_].at;
    for (size_t i = 0; i < programs_.size(); ++i) {
      const PlannedProgram& planned = plan_.programs[i];
      if (!programs_[i].started && planned.at.has_value()) next = std::min(next, *planned.at);
    }
    const std::optional<size_t> before = LastInOrder();
    if (NextInOrder() < programs_.size()) next = std::min(next, before ? programs_[*before].start + kReady : Time(0));
    return next;
  }

  void Change() {
    for (; changed_ < plan_.changes.size() && plan_.changes[changed_].at <= world_.now(); ++changed_) {
      const struct Change& change = plan_.changes[changed_];
      if (change.what == Change::What::kLink) {
        world_.SetLink(change.link.a, change.link.b, change.link.options);
        continue;
      }
      const Running& program = programs_[change.program];
      if (!program.started || Ended(change.program)) continue;
      switch (change.what) {
        case Change::What::kPause: world_.Pause(program.process); break;
        case Change::What::kResume: world_.Resume(program.process); break;
        default: world_.Kill(program.process); break;
      }
    }
  }

  void Start() {
    for (size_t i = 0; i < programs_.size(); ++i) {
      const std::optional<Time> at = plan_.programs[i].at;
      if (!programs_[i].started && at.has_value() && *at <= world_.now()) StartProgram(i);
    }
    if (StartsNow()) StartProgram(NextInOrder());
  }

  void StartProgram(size_t i) {
    const PlannedProgram& planned = plan_.programs[i];
    StartOptions options;
    options.name = planned.name;
    options.arguments.assign(planned.command.begin() + 1, planned.command.end());
    options.input = planned.input;
    options.short_transfers = planned.short_transfers;
    programs_[i].started = true;
    programs_[i].start = world_.now();
    programs_[i].process = world_.Start(planned.host, options, player_.make_program(planned.command[0]));
  }

  World& world_;
  const Plan& plan_;
  const Player& player_;
  std::vector<Running> programs_;
  size_t changed_ = 0;
  std::string standstill_;
};

}  // namespace

Played Play(World& world, const Plan& plan, const Player& player) {
  Played played;
  Stage stage(world, plan, player);
  played.end = stage.Run();
  played.ended_at = world.now();
  played.standstill = stage.standstill();
  for (size_t i = 0; i < plan.programs.size(); ++i) played.programs.push_back(stage.Result(i));
  Judge(plan, world.trace(), played);
  return played;
}

}  // namespace lab::run
