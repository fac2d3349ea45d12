#include "lab/trace/ladder_rows.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/trace/brief_call.h"
#include "lab/trace/call_names.h"
#include "lab/trace/packet_labels.h"
#include "lab/trace/printable.h"

namespace lab {
namespace {

// What only prepares or asks, and succeeded, is not part of the story.
bool IsAside(const duet_ledger_entry& entry) {
  // What concerns one host alone stands in the ledger; there is much of it.
  if (entry.call >= DUET_CALL_FUTEX && entry.call < DUET_CALL_COUNT) return true;
  if (HasFailed(entry) || !HasReturned(entry)) return false;
  switch (entry.call) {
    case DUET_CALL_SOCKET:
    case DUET_CALL_FCNTL:
    case DUET_CALL_IOCTL:
    case DUET_CALL_GETSOCKOPT:
    case DUET_CALL_SETSOCKOPT:
    case DUET_CALL_GETSOCKNAME:
    case DUET_CALL_GETPEERNAME:
    case DUET_CALL_PIPE:
    case DUET_CALL_SOCKETPAIR:
    case DUET_CALL_EPOLL_CREATE:
    case DUET_CALL_EPOLL_CTL:
    case DUET_CALL_GETHOSTNAME:
    case DUET_CALL_GETADDRINFO:
      return true;
    default:
      return false;
  }
}

// Calls that wait for others are told when they return; the rest when they begin, ahead of the packets they cause.
bool IsWaiting(const duet_ledger_entry& entry) {
  return IsReading(entry) || IsPolling(entry) || entry.call == DUET_CALL_ACCEPT;
}

// A call that is told in two halves, if something happened elsewhere meanwhile. On a real machine every call takes
// some time; what does not wait isn't worth two lines.
bool IsLong(const duet_ledger_entry& entry) {
  if (IsWaiting(entry) || !HasReturned(entry)) return false;
  if (entry.call == DUET_CALL_SLEEP) return false;
  return entry.call == DUET_CALL_CONNECT || entry.end_ns - entry.begin_ns >= 1'000'000;
}

class RowMaker {
 public:
  explicit RowMaker(const Trace& trace) : trace_(trace), labels_(trace) {
    std::map<HostId, std::set<std::string>> names;
    for (const Trace::TracedProcess& process : trace.processes()) names[process.host].insert(process.name);
    for (const auto& [host, on_host] : names) {
      if (on_host.size() > 1) shared_.insert(host);
    }
    for (const Event& event : trace.events()) NoticeRowOf(event);
    for (auto& [host, times] : busy_) std::sort(times.begin(), times.end());
  }

  std::vector<LadderRow> Make() {
    for (const Event& event : trace_.events()) {
      std::visit([this](const auto& one) { Add(one); }, event);
    }
    if (const uint64_t left_out = trace_.events().left_out(); left_out > 0) {
      Add(NoteEvent{trace_.events().left_out_from(), -1, -1,
                    absl::StrCat(left_out, left_out == 1 ? " event" : " events", " left out from here on")});
    }
    std::stable_sort(rows_.begin(), rows_.end(), [](const Ranked& a, const Ranked& b) {
      return std::pair(a.row.time, a.rank) < std::pair(b.row.time, b.rank);
    });
    std::vector<LadderRow> rows;
    rows.reserve(rows_.size());
    for (Ranked& ranked : rows_) rows.push_back(std::move(ranked.row));
    return rows;
  }

 private:
  // Of what happens at one time: packets were sent by what happened before, and a call returns before the next begins.
  enum Rank { kArrivals, kPackets, kReturns, kBegins };
  struct Ranked {
    LadderRow row;
    Rank rank;
  };

  HostId HostOf(ProcessId process) const {
    const bool known = process >= 0 && static_cast<size_t>(process) < trace_.processes().size();
    return known ? trace_.processes()[static_cast<size_t>(process)].host : -1;
  }

  // When something of this event will stand at a host's lifeline.
  void NoticeRowOf(const Event& event) {
    if (const auto* packet = std::get_if<PacketEvent>(&event)) busy_[packet->from].push_back(packet->sent);
    if (const auto* note = std::get_if<NoteEvent>(&event)) busy_[note->host].push_back(note->time);
    const auto* call = std::get_if<CallEvent>(&event);
    if (call == nullptr || IsAside(call->entry)) return;
    busy_[HostOf(call->process)].push_back(Time(IsWaiting(call->entry) ? call->entry.end_ns : call->entry.begin_ns));
  }

  // Whether something happens at the host between the two times, neither counted.
  bool BusyBetween(HostId host, Time after, Time before) const {
    const auto found = busy_.find(host);
    if (found == busy_.end()) return false;
    const auto next = std::upper_bound(found->second.begin(), found->second.end(), after);
    return next != found->second.end() && *next < before;
  }

  bool ElsewhereBusyBetween(HostId host, Time after, Time before) const {
    for (const auto& [other, times] : busy_) {
      if (other != host && BusyBetween(other, after, before)) return true;
    }
    return false;
  }

  void Add(const PacketEvent& event) {
    LadderRow row;
    row.time = event.sent;
    row.host = event.from;
    row.to = event.to;
    row.text = labels_.Next(event);
    row.aside = event.cause;
    if (!event.arrived) {
      row.kind = LadderRow::Kind::kLost;
      const bool unclaimed = event.fate == PacketEvent::Fate::kUnclaimed;
      if (row.aside.empty()) row.aside = unclaimed ? "nobody has this address" : "lost";
      rows_.push_back({std::move(row), kPackets});
      return;
    }
    const TcpHeader& tcp = event.packet.tcp;
    const bool signals = tcp.syn || tcp.fin || tcp.rst || event.packet.protocol == Protocol::kIcmp;
    if (!signals && event.cause.empty()) {
      row.bytes = event.packet.payload.size();
      row.fold = !event.packet.is_tcp() ? "datagrams" : row.bytes > 0 ? "segments" : "ACKs";
      row.group = absl::StrCat(event.from, ">", event.to, row.fold);
    }
    row.kind = LadderRow::Kind::kArrow;
    const bool bare = row.fold == "ACKs";  // nobody waits for one: not worth two lines
    if (!bare && BusyBetween(event.to, event.sent, event.arrives)) {
      LadderRow arrival = row;
      row.kind = LadderRow::Kind::kDeparts;
      arrival.kind = LadderRow::Kind::kArrives;
      arrival.time = event.arrives;
      rows_.push_back({std::move(arrival), kArrivals});
    }
    rows_.push_back({std::move(row), kPackets});
  }

  void Add(const CallEvent& event) {
    const duet_ledger_entry& entry = event.entry;
    if (IsAside(entry)) return;
    LadderRow row;
    row.kind = LadderRow::Kind::kCall;
    row.host = HostOf(event.process);
    row.failed = HasFailed(entry) && entry.error != EAGAIN && entry.error != EINPROGRESS;
    const std::string who = WhoIs(event.process, row.host);
    const Time begin(entry.begin_ns), end(std::max(entry.begin_ns, entry.end_ns));
    const bool apart = IsLong(entry) && ElsewhereBusyBetween(row.host, begin, end);
    if (apart) {
      LadderRow start = row;
      start.time = begin;
      start.failed = false;
      start.text = absl::StrCat(who, BriefCall(entry, trace_), " …");
      rows_.push_back({std::move(start), kBegins});
    }
    row.text = absl::StrCat(who, apart ? BriefName(entry) : BriefCall(entry, trace_), BriefResult(entry));
    const bool moved = (IsReading(entry) || IsWriting(entry)) && entry.result > 0;
    if (moved) {
      row.aside = absl::StrCat("\"", Quotable(DataOf(entry)), "\"");
      row.bytes = static_cast<uint64_t>(entry.result);
    }
    // How a loop around poll goes on is told by what it then does.
    const bool found = IsPolling(entry) && entry.result > 0;
    row.fold = absl::StrCat(who, found ? CallName(entry.call) + "()" : BriefName(entry),
                            moved || found ? "" : BriefResult(entry));
    const bool repeats = moved || IsPolling(entry) || HasFailed(entry) || entry.call == DUET_CALL_SLEEP;
    if (repeats) row.group = absl::StrCat(event.process, row.fold);
    const bool at_end = apart || (IsWaiting(entry) && HasReturned(entry));
    row.time = at_end ? end : begin;
    rows_.push_back({std::move(row), at_end ? kReturns : kBegins});
  }

  void Add(const NoteEvent& event) {
    LadderRow row;
    row.time = event.time;
    row.host = event.host >= 0 ? event.host : HostOf(event.process);
    const bool named = event.process >= 0 && shared_.count(row.host) > 0;
    row.text = named ? absl::StrCat(NameOf(event.process), " ", event.text) : event.text;
    rows_.push_back({std::move(row), kReturns});
  }

  std::string NameOf(ProcessId process) const {
    const bool known = process >= 0 && static_cast<size_t>(process) < trace_.processes().size();
    return known ? trace_.processes()[static_cast<size_t>(process)].name : "";
  }

  std::string WhoIs(ProcessId process, HostId host) const {
    return shared_.count(host) > 0 ? absl::StrCat(NameOf(process), ": ") : "";
  }

  const Trace& trace_;
  PacketLabels labels_;
  std::set<HostId> shared_;  // hosts whose processes have several names
  std::map<HostId, std::vector<Time>> busy_;
  std::vector<Ranked> rows_;
};

}  // namespace

std::vector<LadderRow> LadderRows(const Trace& trace) { return RowMaker(trace).Make(); }

}  // namespace lab
