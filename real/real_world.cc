#include "real/real_world.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "real/kernel_process.h"
#include "real/namespaces.h"
#include "real/short_sockets.h"

namespace real {
namespace {

constexpr uint32_t kNetwork = 0x0a000000;  // 10.0.0.0
// How often a condition is asked again that depends on more than what the world moves.
constexpr lab::Duration kAskAgain = std::chrono::milliseconds(1);

}  // namespace

RealWorld::RealWorld(lab::Choices choices)
    : start_(MonotonicTime()),
      status_(EnterNamespaces()),
      choices_(std::move(choices)),
      switch_(choices_, trace_),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  // The kernel may add 50 µs to a wait otherwise, five times a link's latency.
  prctl(PR_SET_TIMERSLACK, 1);
  if (!status_.ok()) return;
  if (!epoll_) status_ = absl::ErrnoToStatus(errno, "making an epoll descriptor");
  absl::StatusOr<std::unique_ptr<Names>> names = Names::Create();
  status_.Update(names.status());
  if (names.ok()) names_ = *std::move(names);
}

RealWorld::~RealWorld() = default;

lab::Time RealWorld::now() const {
  asked_kernel_ = true;
  return MonotonicTime() - start_;
}

// --- Hosts ---

lab::HostId RealWorld::AddHost(const lab::HostOptions& options) {
  const auto id = static_cast<lab::HostId>(hosts_.size());
  hosts_.push_back(nullptr);
  trace_.AddHost(options.name, address(id), lab::Ipv6AddressOf(id));
  if (status_.ok()) status_ = MakeHost(options);
  switch_.AddHost(AddressesOf(id), hosts_.back() == nullptr ? -1 : hosts_.back()->tun());
  if (hosts_.back() != nullptr) Watch(hosts_.back()->tun(), EPOLLIN, Source::kHost, id);
  return id;
}

absl::Status RealWorld::MakeHost(const lab::HostOptions& options) {
  const Addresses at = AddressesOf(static_cast<lab::HostId>(hosts_.size() - 1));
  if (absl::Status status = names_->Add(options.name, at.ipv4); !status.ok()) return status;
  if (absl::Status status = names_->Add(absl::StrCat("ip6-", options.name), at.ipv6); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Host>> host = Host::Create(options.name, at, options.knobs);
  if (!host.ok()) return host.status();
  hosts_.back() = *std::move(host);
  return absl::OkStatus();
}

uint32_t RealWorld::address(lab::HostId host) const { return kNetwork + 1 + static_cast<uint32_t>(host); }

void RealWorld::SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options) {
  if (switch_.SetLink(a, b, options).up != options.up) {
    const auto& hosts = trace_.hosts();
    Note(-1, -1,
         absl::StrCat("link ", options.up ? "up" : "down", " between ", hosts.at(a).name, " and ", hosts.at(b).name));
  }
  if (hosts_.at(a) == nullptr || hosts_.at(b) == nullptr) return;
  status_.Update(hosts_[a]->SetMtu(AddressesOf(b), options.mtu));
  status_.Update(hosts_[b]->SetMtu(AddressesOf(a), options.mtu));
}

bool RealWorld::Listening(lab::HostId host, uint16_t port) const {
  asked_kernel_ = true;
  return hosts_.at(host) != nullptr && hosts_[host]->Listening(port);
}

bool RealWorld::Bound(lab::HostId host, uint16_t port) const {
  asked_kernel_ = true;
  return hosts_.at(host) != nullptr && hosts_[host]->Bound(port);
}

bool RealWorld::Serves(lab::HostId host) const {
  asked_kernel_ = true;
  return hosts_.at(host) != nullptr && hosts_[host]->Serves();
}

// --- Processes ---

lab::ProcessId RealWorld::Start(lab::HostId host, const lab::StartOptions& options, lab::Function function) {
  const lab::ProcessId id = trace_.AddProcess(options.name, host);
  processes_.push_back(std::make_unique<Running>());
  Running& running = *processes_.back();
  running.host = host;
  // Before: it may have made its first call by the time it is known to run.
  Note(host, id, "started");
  if (status_.ok()) status_ = Launch(running, id, options, function);
  if (hosts_.at(host) != nullptr) hosts_[host]->ForgetServing();
  if (running.child == nullptr) {
    running.outcome.exited = true;
    running.outcome.exit_status = 127;
    running.outcome.reports.emplace_back(lab::kLabErrorReport, status_.message());
    return id;
  }
  const Child::Pipes& pipes = running.child->pipes();
  Watch(pipes.output.get(), EPOLLIN, Source::kOutput, id);
  Watch(pipes.error_output.get(), EPOLLIN, Source::kErrorOutput, id);
  Watch(pipes.reports.get(), EPOLLIN, Source::kReports, id);
  Watch(running.child->ended_fd(), EPOLLIN, Source::kEnd, id);
  Watch(pipes.input.get(), EPOLLONESHOT, Source::kInput, id);
  Feed(id);
  return id;
}

absl::Status RealWorld::Launch(Running& running, lab::ProcessId process, const lab::StartOptions& options,
                               const lab::Function& function) {
  absl::StatusOr<LedgerRing> ledger = LedgerRing::Create();
  if (!ledger.ok()) return ledger.status();
  running.ledger = std::make_unique<LedgerRing>(*std::move(ledger));
  running.input = options.input;
  running.more_input = options.more_input;
  absl::StatusOr<std::unique_ptr<Child>> child =
      Child::Start(*hosts_.at(running.host), *names_, running.ledger->fd(), BodyOf(process, options, function));
  if (!child.ok()) return child.status();
  running.child = *std::move(child);
  return absl::OkStatus();
}

Child::Body RealWorld::BodyOf(lab::ProcessId process, const lab::StartOptions& options, const lab::Function& function) {
  return [this, process, &options, &function](int reports, int ledger) {
    const auto actor = static_cast<uint32_t>(process);
    signal(SIGPIPE, SIG_IGN);
    setenv("DUET_LEDGER", absl::StrCat(ledger).c_str(), 1);
    unsetenv("DUET_SHORT_TRANSFERS");
    KernelProcess::Options made;
    made.arguments = {options.name};
    made.arguments.insert(made.arguments.end(), options.arguments.begin(), options.arguments.end());
    made.sockets = std::make_unique<KernelSockets>();
    made.world_start = start_;
    made.ledger = ledger;
    made.reports = reports;
    if (options.short_transfers) {
      made.sockets = std::make_unique<ShortSockets>(choices_, actor);
      // 0 stands for a run in which nothing is cut.
      const uint32_t seed = choices_.Pick(lab::Choice::kShortTransfer, actor, UINT32_MAX);
      if (seed != 0) setenv("DUET_SHORT_TRANSFERS", absl::StrCat(seed).c_str(), 1);
    }
    KernelProcess self(std::move(made));
    return function(self) & 255;
  };
}

void RealWorld::Pause(lab::ProcessId process) {
  Running& running = *processes_.at(process);
  if (running.child == nullptr || running.paused) return;
  running.child->Pause();
  running.paused = true;
  Note(running.host, process, "paused");
}

void RealWorld::Resume(lab::ProcessId process) {
  Running& running = *processes_.at(process);
  if (running.child == nullptr || !running.paused) return;
  Note(running.host, process, "resumed");
  running.paused = false;
  running.child->Resume();
}

void RealWorld::Kill(lab::ProcessId process) {
  Running& running = *processes_.at(process);
  if (running.child == nullptr) return;
  Note(running.host, process, "killed");
  running.child->Kill();
  Finish(process);
}

// --- Running ---

bool RealWorld::RunUntil(const std::function<bool()>& condition, lab::Duration limit) {
  const lab::Time deadline = now() + limit;
  while (true) {
    asked_kernel_ = false;
    if (condition()) return true;
    const bool ask_again = asked_kernel_;
    if (!status_.ok()) return false;

    const lab::Time time = now();
    const bool last = time >= deadline;
    const bool quiet = !SomethingRuns() && !switch_.NextArrival();
    const bool stepped = Step(last || quiet ? time : ask_again ? std::min(deadline, time + kAskAgain) : deadline);
    // What has happened by the deadline counts, however late this process gets to see it.
    if (last) return condition();
    // Without a process and a packet nothing that anybody sees can happen any more.
    if (quiet && !stepped) return false;
  }
}

void RealWorld::RunFor(lab::Duration duration) {
  const lab::Time end = now() + duration;
  RunUntil([] { return false; }, duration);
  // Where nothing could happen it came back before.
  if (const lab::Time time = now(); time < end && status_.ok()) std::this_thread::sleep_for(end - time);
}

bool RealWorld::SomethingRuns() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [](const std::unique_ptr<Running>& running) { return running->child != nullptr; });
}

bool RealWorld::Step(lab::Time deadline) {
  lab::Time until = deadline;
  if (const std::optional<lab::Time> arrival = switch_.NextArrival()) until = std::min(until, *arrival);
  const lab::Duration wait = std::max(lab::Duration::zero(), until - now());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
  const timespec timeout{static_cast<time_t>(seconds.count()), static_cast<long>((wait - seconds).count())};

  std::array<epoll_event, 64> events;
  const int count = epoll_pwait2(epoll_.get(), events.data(), events.size(), &timeout, nullptr);
  if (count < 0 && errno != EINTR) status_.Update(absl::ErrnoToStatus(errno, "waiting for the world's events"));
  for (int i = 0; i < count; ++i) {
    Handle(static_cast<Source>(events[i].data.u64 >> 32), static_cast<int>(events[i].data.u64 & 0xffffffff));
  }
  const std::optional<lab::Time> due = switch_.NextArrival();
  switch_.Deliver(now());
  return count > 0 || due != switch_.NextArrival();
}

void RealWorld::Watch(int fd, uint32_t events, Source source, int index) {
  Control(EPOLL_CTL_ADD, fd, events, source, index);
}

void RealWorld::Control(int operation, int fd, uint32_t events, Source source, int index) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = uint64_t{static_cast<uint32_t>(source)} << 32 | static_cast<uint32_t>(index);
  if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
    status_.Update(absl::ErrnoToStatus(errno, "watching a descriptor"));
  }
}

void RealWorld::Handle(Source source, int index) {
  if (source == Source::kHost) return switch_.Collect(index, now());
  Running& running = *processes_[index];
  if (running.child == nullptr) return;  // ended by an event before this one
  Child::Pipes& pipes = running.child->pipes();
  switch (source) {
    case Source::kInput:
      return Feed(index);
    case Source::kOutput:
      return Drain(index, pipes.output, running.outcome.output, "output");
    case Source::kErrorOutput:
      return Drain(index, pipes.error_output, running.outcome.error_output, "error output");
    case Source::kReports:
      return TakeReports(running, pipes.reports);
    default:
      return Finish(index);
  }
}

void RealWorld::GiveInput(lab::ProcessId process, std::string_view bytes) {
  Running& running = *processes_.at(process);
  running.input += bytes;
  Feed(process);
}

void RealWorld::EndInput(lab::ProcessId process) {
  processes_.at(process)->more_input = false;
  Feed(process);
}

void RealWorld::Feed(lab::ProcessId process) {
  Running& running = *processes_.at(process);
  if (running.child == nullptr || !running.child->pipes().input) return;
  UniqueFd& input = running.child->pipes().input;
  while (!running.input.empty()) {
    const ssize_t written = write(input.get(), running.input.data(), running.input.size());
    if (written < 0 && errno == EINTR) continue;
    // Once: a pipe that nobody fills would be ready all the time.
    if (written < 0 && errno == EAGAIN) {
      return Control(EPOLL_CTL_MOD, input.get(), EPOLLOUT | EPOLLONESHOT, Source::kInput, process);
    }
    if (written < 0) return input.Reset();  // it has closed its standard input
    running.input.erase(0, written);
  }
  if (!running.more_input) input.Reset();
}

void RealWorld::Drain(lab::ProcessId process, UniqueFd& pipe, std::string& output, const char* name) {
  Running& running = *processes_[process];
  std::array<char, 65536> bytes;
  while (pipe) {
    const ssize_t length = read(pipe.get(), bytes.data(), bytes.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return pipe.Reset();
    const size_t space = lab::Outcome::kMostOutput - output.size();
    output.append(bytes.data(), std::min<size_t>(length, space));
    if (static_cast<size_t>(length) <= space) continue;
    // Before the pipe closes, which the process would notice.
    if (running.child != nullptr) running.child->Kill();
    pipe.Reset();
    running.outcome.reports.emplace_back(
        lab::kLimitReport,
        absl::StrCat("it wrote more than ", lab::Outcome::kMostOutput >> 20, " MiB to its standard ", name));
    if (running.child != nullptr) Finish(process);
    return;
  }
}

void RealWorld::TakeReports(Running& running, UniqueFd& pipe) {
  std::array<char, 65536> bytes;
  while (pipe) {
    const ssize_t length = read(pipe.get(), bytes.data(), bytes.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return pipe.Reset();
    for (auto& report : running.reports.Take({bytes.data(), static_cast<size_t>(length)})) {
      running.outcome.reports.push_back(std::move(report));
    }
  }
}

void RealWorld::Finish(lab::ProcessId process) {
  Running& running = *processes_[process];
  running.outcome.exit_status = running.child->Wait();
  // Taken out first, so that too much output does not end it again.
  const std::unique_ptr<Child> child = std::move(running.child);
  // Nobody holds the other ends any more: what is in the pipes is all.
  Child::Pipes& pipes = child->pipes();
  TakeReports(running, pipes.reports);
  Drain(process, pipes.output, running.outcome.output, "output");
  Drain(process, pipes.error_output, running.outcome.error_output, "error output");
  running.outcome.exited = true;
  Note(running.host, process, absl::StrCat("exited with status ", running.outcome.exit_status));
}

// --- What was seen ---

void RealWorld::Note(lab::HostId host, lab::ProcessId process, std::string text) {
  trace_.Add(lab::NoteEvent{now(), host, process, std::move(text)});
}

const lab::Trace& RealWorld::trace() {
  asked_kernel_ = true;
  for (size_t process = 0; process < processes_.size(); ++process) {
    if (processes_[process]->ledger == nullptr) continue;
    for (duet_ledger_entry& entry : processes_[process]->ledger->TakeNew()) {
      entry.begin_ns -= start_.count();
      entry.end_ns -= start_.count();
      trace_.Add(static_cast<lab::ProcessId>(process), entry);
    }
  }
  trace_.Sort();
  return trace_;
}

}  // namespace real
