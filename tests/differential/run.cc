#include "tests/differential/run.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/differential/perform.h"
#include "tests/differential/words.h"

namespace differential {
namespace {

// Ports that the kernel chose are named in the order in which they are seen.
class PortNames {
 public:
  std::string Of(uint16_t port) {
    constexpr uint16_t kFirstEphemeral = 32'768;
    if (port < kFirstEphemeral) return absl::StrCat(port);
    return absl::StrCat("ephemeral ", names_.try_emplace(port, names_.size() + 1).first->second);
  }

 private:
  std::map<uint16_t, size_t> names_;
};

std::string AddressText(const Outcome& outcome, PortNames& ports) {
  std::string text = absl::StrCat(" address length ", outcome.address_length);
  if (outcome.address_length == 0) return text;
  if (outcome.address->ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&*outcome.address);
    char host[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
    return absl::StrCat(text, " [", host, "]:", ports.Of(ntohs(in6->sin6_port)));
  }
  const auto* in = reinterpret_cast<const sockaddr_in*>(&*outcome.address);
  if (in->sin_family != AF_INET) return absl::StrCat(text, " family ", in->sin_family);
  return absl::StrCat(text, " ", HostName(ntohl(in->sin_addr.s_addr)), ":", ports.Of(ntohs(in->sin_port)));
}

// What only a fill puts into a connection.
constexpr int kBulk = 32'768;

class Runner {
 public:
  Runner(const Program& program, Stage& stage)
      : program_(program), stage_(stage), has_timeouts_(HasTimeouts(program)) {}

  Transcript Run() {
    stage_.Begin();
    for (const Step& step : program_.steps) Perform(step, step.actor, "");
    for (int process = 0; process < kProcesses; ++process) CloseAll(process);
    stage_.End();
    return std::move(transcript_);
  }

 private:
  // A call that was begun. Where it stays must outlive it: actors write here.
  struct Begun {
    Step step;
    Resolved resolved;
    int file = 0;             // that its descriptor stood for when it began
    std::vector<int> polled;  // and those that it polls
    Outcome outcome;
    size_t seen = 0;  // its place in the transcript
  };

  void Perform(const Step& step, int actor, std::string call) {
    transcript_.push_back({.step = step.id, .call = std::move(call)});
    if (stage_.Busy(actor)) {
      transcript_.back().text = "skipped";
      return;
    }
    begun_.push_back({step, {}, 0, {}, {}, transcript_.size() - 1});
    Begun& begun = begun_.back();
    Resolve(begun, ProcessOfAny(actor));
    transcript_.back().contended = Contended(begun);
    busy_[static_cast<size_t>(actor)] = &begun;
    Settle(actor, begun);
    for (int other = 0; other < kAllActors; ++other) Collect(other, step.id);
  }

  void Settle(int actor, Begun& begun) {
    const bool again = begun.step.call == Call::kFill || begun.step.call == Call::kDrain;
    std::string runs;
    do {
      stage_.Run(actor, [&begun](lab::Sockets& sockets) {
        begun.outcome = differential::Perform(sockets, begun.resolved);
      }, PatienceFor(begun.step));
      // The actor's own until it returns. What fills or drains never waits.
      if (stage_.Busy(actor)) return;
      std::string_view more = begun.outcome.runs;
      if (!runs.empty() && !more.empty() && runs.back() == more.front()) more.remove_prefix(1);
      runs.append(more);
    } while (again && !begun.outcome.runs.empty());
    begun.outcome.runs = runs;
  }

  static bool Reads(Call call) { return call >= Call::kRecv && call <= Call::kReadv; }
  static bool Takes(Call call) { return Reads(call) || call == Call::kAccept; }
  static bool Polls(Call call) { return call >= Call::kEpollWait && call <= Call::kPselect; }

  // Any event of the connection ends it, a delayed acknowledgement too, which comes when its time has passed.
  bool WaitsForAnything(const Begun& begun) const {
    return has_timeouts_ && Reads(begun.step.call) && begun.step.a == 0;
  }

  // Whether what `one` takes, or waits to see, may be gone because of `other`. What epoll waits for is not looked up.
  static bool Competes(const Begun& one, const Begun& other) {
    if (Reads(one.step.call) && Reads(other.step.call)) return one.file == other.file;
    if (!Polls(one.step.call) || !Takes(other.step.call)) return false;
    return one.step.call == Call::kEpollWait ||
           std::find(one.polled.begin(), one.polled.end(), other.file) != one.polled.end();
  }

  bool Contended(const Begun& begun) const {
    if (WaitsForAnything(begun)) return true;
    return std::any_of(std::begin(busy_), std::end(busy_), [&](const Begun* waiting) {
      return waiting != nullptr && (Competes(begun, *waiting) || Competes(*waiting, begun));
    });
  }

  Patience PatienceFor(const Step& step) const {
    const bool bulky = step.call == Call::kFill || step.call == Call::kDrain;
    const bool closes = step.call == Call::kClose || step.call == Call::kDup2 || step.call == Call::kDup3;
    if (bulky || (closes && lingers_)) return Patience::kLong;
    return has_timeouts_ ? Patience::kTimeouts : Patience::kNone;
  }

  void Collect(int actor, int step_id) {
    Begun*& begun = busy_[static_cast<size_t>(actor)];
    if (begun == nullptr || stage_.Busy(actor)) return;
    Seen& seen = transcript_[begun->seen];
    seen.returned = step_id;
    seen.text = Text(*begun);
    // One call can cause several events; who waited for them wakes with the first or sees them all.
    if (Polls(begun->step.call) && begun->outcome.result > 0 && step_id != begun->step.id) seen.text = "= ready";
    Keep(*begun, ProcessOfAny(actor));
    begun = nullptr;
  }

  std::string Text(const Begun& begun) {
    const Outcome& outcome = begun.outcome;
    // How much a connection holds that was filled is a matter of memory.
    const bool bulk = filled_ && begun.step.call == Call::kFionread && outcome.count >= kBulk;
    if (bulk) return "= 0 count many";
    std::string text = absl::StrCat("= ", outcome.result);
    if (outcome.result < 0) absl::StrAppend(&text, " ", ErrorName(outcome.error));
    absl::StrAppend(&text, outcome.details);
    if (begun.step.call == Call::kPipe || begun.step.call == Call::kSocketPair) {
      absl::StrAppend(&text, " ", outcome.fds[0], " ", outcome.fds[1]);
    }
    if (!outcome.runs.empty()) absl::StrAppend(&text, " ", Digest(outcome.runs.data(), outcome.runs.size()));
    if (outcome.address) absl::StrAppend(&text, AddressText(outcome, ports_));
    return text;
  }

  // What the call made of the descriptors.
  void Keep(const Begun& begun, int process) {
    const Outcome& outcome = begun.outcome;
    filled_ = filled_ || begun.step.call == Call::kFill;
    slots_[begun.step.id] = {outcome.fds[0], outcome.fds[1]};
    if (outcome.result < 0) return;
    std::map<int, int>& open = open_[process];
    const bool copies = begun.step.call == Call::kDup || begun.step.call == Call::kDup2 ||
                        begun.step.call == Call::kDup3;
    for (const int fd : outcome.fds) {
      if (fd >= 0) open[fd] = copies ? begun.file : ++last_file_;
    }
    if (begun.step.call == Call::kDup2 || begun.step.call == Call::kDup3) open[begun.resolved.other] = begun.file;
    if (begun.step.call == Call::kClose) open.erase(begun.resolved.fd);
    if (begun.step.call == Call::kSetOption && begun.step.b == SO_LINGER) lingers_ = true;
  }

  void Resolve(Begun& begun, int process) {
    begun.resolved.step = &begun.step;
    begun.resolved.fd = NumberOf(begun.step.fd);
    begun.resolved.other = NumberOf(begun.step.other);
    begun.file = FileOf(process, begun.resolved.fd);
    for (const Polled& polled : begun.step.polled) {
      begun.resolved.polled.push_back(NumberOf(polled.fd));
      begun.polled.push_back(FileOf(process, begun.resolved.polled.back()));
    }
  }

  // Which open file a descriptor stands for; 0 where it is closed.
  int FileOf(int process, int fd) const {
    const auto found = open_[process].find(fd);
    return found == open_[process].end() ? 0 : found->second;
  }

  int NumberOf(Slot slot) const {
    if (slot.step == Slot::kNumber) return slot.which;
    const auto found = slots_.find(slot.step);
    return found == slots_.end() ? -1 : found->second[static_cast<size_t>(slot.which)];
  }

  void CloseAll(int process) {
    std::map<int, int>& open = open_[process];
    while (!open.empty() && !stage_.Busy(CloserOf(process))) {
      const int fd = open.begin()->first;
      Step close;
      close.id = ++last_id_;
      close.call = Call::kClose;
      close.fd = {Slot::kNumber, fd};
      Perform(close, CloserOf(process), absl::StrCat("process ", process, ": close(", fd, ")"));
      open.erase(fd);
    }
  }

  const Program& program_;
  Stage& stage_;
  const bool has_timeouts_;
  bool lingers_ = false;
  bool filled_ = false;
  int last_id_ = program_.steps.empty() ? 0 : program_.steps.back().id;
  Transcript transcript_;
  std::deque<Begun> begun_;
  Begun* busy_[kAllActors] = {};
  std::map<int, std::array<int, 2>> slots_;
  std::map<int, int> open_[kProcesses];  // each process's descriptors, and the open files that they stand for
  int last_file_ = 0;
  PortNames ports_;
};

}  // namespace

Transcript Run(const Program& program, Stage& stage) { return Runner(program, stage).Run(); }

}  // namespace differential
