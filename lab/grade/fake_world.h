// A world without a network, for tests of what stands above worlds: RunUntil runs each process to its end.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/world/world.h"

namespace lab::grade {

class FakeWorld : public World {
 public:
  explicit FakeWorld(WorldKind kind = WorldKind::kSim) : kind_(kind) {}

  // What Deadlock() says.
  std::string deadlock;
  bool listening = false;

  WorldKind kind() const override { return kind_; }
  HostId AddHost(const HostOptions& options) override { return trace_.AddHost(options.name, 0x0a000001); }
  uint32_t address(HostId) const override { return 0x0a000001; }
  ProcessId Start(HostId host, const StartOptions& options, Function function) override {
    processes_.push_back({options, std::move(function), {}});
    return trace_.AddProcess(options.name, host);
  }
  void Pause(ProcessId) override {}
  void Resume(ProcessId) override {}
  void Kill(ProcessId) override {}
  void GiveInput(ProcessId, std::string_view) override {}
  void EndInput(ProcessId) override {}
  void SetLink(HostId, HostId, const LinkOptions&) override {}
  void AddRule(Rule) override {}
  bool RunUntil(const std::function<bool()>& condition, Duration) override {
    for (Started& started : processes_) {
      if (!started.function) continue;
      FakeProcess process(started);
      started.outcome.exit_status = std::exchange(started.function, nullptr)(process);
      started.outcome.exited = started.outcome.exit_status >= 0;  // below: it never ends
      trace_.Add(NoteEvent{.text = "ended with " + std::to_string(started.outcome.exit_status)});
    }
    return condition();
  }
  Time now() const override { return Time(0); }
  bool Listening(HostId, uint16_t) const override { return listening; }
  bool Bound(HostId, uint16_t) const override { return false; }
  bool Serves(HostId) const override { return listening; }
  const Outcome& outcome(ProcessId process) const override { return processes_[process].outcome; }
  std::string Deadlock() const override { return deadlock; }
  const Trace& trace() override { return trace_; }

 private:
  struct Started {
    StartOptions options;
    Function function;
    Outcome outcome;
  };

  class FakeProcess : public Process {
   public:
    explicit FakeProcess(Started& started) : started_(started), arguments_(started.options.arguments) {
      arguments_.insert(arguments_.begin(), started.options.name);
    }
    Sockets& sockets() override { std::abort(); }
    const std::vector<std::string>& arguments() const override { return arguments_; }
    Time now() override { return Time(0); }
    void sleep(Duration) override {}
    void random(void*, size_t) override {}
    void report(std::string_view key, std::string_view value) override {
      started_.outcome.reports.emplace_back(key, value);
    }

   private:
    Started& started_;
    std::vector<std::string> arguments_;
  };

  WorldKind kind_;
  Trace trace_;
  std::deque<Started> processes_;
};

}  // namespace lab::grade
