// lab::World on this machine's kernel: a network namespace a host, joined by the lab alone, in real time.
//
// Processes run from Start on; packets move only inside RunUntil, and wait between. Hosts and processes that can't be
// made give a status() and processes that end at once with a kLabErrorReport. Needs EnterNamespaces to have succeeded.
//
// A Function runs in a process of its own, with SIGPIPE ignored; one that executes a program sets SIGPIPE back. It
// finds in its environment, for the program's preloaded library: DUET_LEDGER, the number of a descriptor, kept
// over exec, of memory that holds a duet_ledger_ring; and DUET_SHORT_TRANSFERS, the seed by which the library
// cuts sends and receives short, where it is to. Every other descriptor but 0, 1 and 2 closes on exec.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lab/choice/choices.h"
#include "lab/sockets/unique_fd.h"
#include "lab/world/world.h"
#include "real/child.h"
#include "real/host.h"
#include "real/ledger_ring.h"
#include "real/names.h"
#include "real/reports.h"
#include "real/switch.h"

namespace real {

using lab::UniqueFd;

class RealWorld : public lab::World {
 public:
  // `choices` decides losses, jitter and short transfers; the rest is the kernel's.
  explicit RealWorld(lab::Choices choices);
  ~RealWorld() override;

  // The first failure of the lab itself, in one sentence.
  const absl::Status& status() const { return status_; }

  lab::WorldKind kind() const override { return lab::WorldKind::kReal; }
  lab::HostId AddHost(const lab::HostOptions& options) override;
  uint32_t address(lab::HostId host) const override;
  lab::ProcessId Start(lab::HostId host, const lab::StartOptions& options, lab::Function function) override;
  void Pause(lab::ProcessId process) override;
  void Resume(lab::ProcessId process) override;
  void Kill(lab::ProcessId process) override;
  void GiveInput(lab::ProcessId process, std::string_view bytes) override;
  void EndInput(lab::ProcessId process) override;
  void SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options) override;
  void AddRule(lab::Rule rule) override { switch_.AddRule(std::move(rule)); }
  bool RunUntil(const std::function<bool()>& condition, lab::Duration limit) override;
  void RunFor(lab::Duration duration) override;
  lab::Time now() const override;
  bool Listening(lab::HostId host, uint16_t port) const override;
  bool Bound(lab::HostId host, uint16_t port) const override;
  bool Serves(lab::HostId host) const override;
  const lab::Outcome& outcome(lab::ProcessId process) const override { return processes_.at(process)->outcome; }
  // Always empty: the kernel does not say what its processes wait for.
  std::string Deadlock() const override { return ""; }
  const lab::Trace& trace() override;

 private:
  struct Running {
    std::unique_ptr<Child> child;  // null once it has ended
    lab::HostId host = -1;
    bool paused = false;
    std::string input;  // what is left to write
    bool more_input = false;
    ReportReader reports;
    std::unique_ptr<LedgerRing> ledger;
    lab::Outcome outcome;
  };
  // What became ready.
  enum class Source : uint32_t { kHost, kInput, kOutput, kErrorOutput, kReports, kEnd };

  Addresses AddressesOf(lab::HostId host) const { return {address(host), lab::Ipv6AddressOf(host)}; }
  absl::Status MakeHost(const lab::HostOptions& options);
  absl::Status Launch(Running& running, lab::ProcessId process, const lab::StartOptions& options,
                      const lab::Function& function);
  Child::Body BodyOf(lab::ProcessId process, const lab::StartOptions& options, const lab::Function& function);

  // Waits for events until `deadline` at most, and handles them. False where there were none.
  bool Step(lab::Time deadline);
  void Handle(Source source, int index);
  void Feed(lab::ProcessId process);
  void Drain(lab::ProcessId process, UniqueFd& pipe, std::string& output, const char* name);
  void TakeReports(Running& running, UniqueFd& pipe);
  // Notes that the process has ended, after reading what it left.
  void Finish(lab::ProcessId process);
  bool SomethingRuns() const;
  void Watch(int fd, uint32_t events, Source source, int index);
  void Control(int operation, int fd, uint32_t events, Source source, int index);
  void Note(lab::HostId host, lab::ProcessId process, std::string text);

  const lab::Time start_;
  absl::Status status_;
  lab::Choices choices_;
  lab::Trace trace_;
  Switch switch_;
  UniqueFd epoll_;
  std::unique_ptr<Names> names_;
  std::vector<std::unique_ptr<Host>> hosts_;  // null where it could not be made
  std::vector<std::unique_ptr<Running>> processes_;
  // Whether the condition of RunUntil asks for what changes without an event here.
  mutable bool asked_kernel_ = false;
};

}  // namespace real
