#include "lab/run/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/run/place.h"
#include "lab/run/plan_at.h"
#include "lab/run/values.h"

namespace lab::run {
namespace {

using duet::v1::Lab;

constexpr size_t kMostHosts = 250;
constexpr size_t kMostPrograms = 1'000;
constexpr size_t kMostInput = size_t{16} << 20;
constexpr size_t kLongestName = 63;  // of a label, RFC 1035

uint32_t AddressOf(HostId host) { return 0x0a000001 + static_cast<uint32_t>(host); }

bool FitsHostName(const std::string& name) {
  const std::string lower = absl::AsciiStrToLower(name);
  return !name.empty() && name.size() <= kLongestName && !name.starts_with('-') && lower != "localhost" &&
         !lower.starts_with("ip6-") && !std::all_of(name.begin(), name.end(), absl::ascii_isdigit) &&
         std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-'; });
}

bool FitsProgramName(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), absl::ascii_isgraph);
}

// What a packet has to be for a fault to do something to it.
bool Fits(const duet::v1::Packets& wanted, HostId from, HostId to, const Packet& packet) {
  const auto is = [](const IpAddress& address, HostId host) {
    return host < 0 || address == IpAddress(AddressOf(host)) || address == Ipv6AddressOf(host);
  };
  if (!is(packet.source.address, from) || !is(packet.destination.address, to)) return false;
  const bool tcp = packet.protocol == Protocol::kTcp;
  if (wanted.protocol() == duet::v1::Packets::TCP && !tcp) return false;
  if (wanted.protocol() == duet::v1::Packets::UDP && packet.protocol != Protocol::kUdp) return false;
  if (wanted.has_data() && wanted.data() == packet.payload.empty()) return false;
  if (wanted.has_syn() && wanted.syn() != (tcp && packet.tcp.syn)) return false;
  if (wanted.has_fin() && wanted.fin() != (tcp && packet.tcp.fin)) return false;
  return !wanted.has_containing() || absl::StrContains(packet.payload.ToString(), wanted.containing());
}

class Planner {
 public:
  explicit Planner(const Lab& lab) : lab_(lab) {}

  absl::StatusOr<Plan> Make(Place place) {
    absl::Status status = Header(place);
    for (int i = 0; status.ok() && i < lab_.host_size(); ++i) status = AddHost(lab_.host(i), place.In("host", i));
    for (int i = 0; status.ok() && i < lab_.link_size(); ++i) {
      status = AddLink(lab_.link(i), place.In("link", i));
    }
    plan_.links = Links();
    for (int i = 0; status.ok() && i < lab_.program_size(); ++i) {
      status = AddProgram(lab_.program(i), place.In("program", i));
    }
    if (status.ok()) status = AddFaults(place);
    for (int i = 0; status.ok() && i < lab_.expect_size(); ++i) {
      status = AddExpectation(lab_.expect(i), place.In("expect", i));
    }
    if (!status.ok()) return status;
    return std::move(plan_);
  }

 private:
  absl::Status Header(const Place& place) {
    if (lab_.has_seed()) plan_.seed = lab_.seed();
    if (lab_.host_size() == 0) return place.Wrong("the lab has no host");
    if (lab_.program_size() == 0) return place.Wrong("the lab has no program");
    if (lab_.host_size() > static_cast<int>(kMostHosts)) {
      return place.Wrong(absl::StrCat("the lab has more than ", kMostHosts, " hosts"));
    }
    if (lab_.program_size() > static_cast<int>(kMostPrograms)) {
      return place.Wrong(absl::StrCat("the lab has more than ", kMostPrograms, " programs"));
    }
    if (!lab_.has_limit()) return absl::OkStatus();
    return place.At("limit").Take(ParseTime(lab_.limit()), plan_.limit);
  }

  absl::Status AddHost(const duet::v1::Host& host, const Place& place) {
    const auto id = static_cast<HostId>(plan_.hosts.size());
    if (!FitsHostName(host.name())) {
      return place.At("name").Wrong(absl::StrCat("`", host.name(), "` can't be a host's name: letters, digits and "
                                                 "hyphens make one (is the command quoted? --host NAME 'COMMAND')"));
    }
    if (!lower_names_.insert(absl::AsciiStrToLower(host.name())).second) {
      return place.At("name").Wrong(absl::StrCat("there are two hosts named ", host.name()));
    }
    hosts_.emplace(host.name(), id);
    plan_.hosts.push_back({.name = host.name(), .knobs = {}});
    return SetKnobs(host.knobs(), place.In("knobs"), plan_.hosts.back().knobs);
  }

  static absl::Status SetKnobs(const duet::v1::Knobs& given, const Place& place, Knobs& knobs) {
    struct Known {
      const char* name;
      bool has;
      uint32_t value;
      uint32_t most;
      int Knobs::*knob;
    };
    const Known known[] = {
        {"somaxconn", given.has_somaxconn(), given.somaxconn(), 1 << 20, &Knobs::somaxconn},
        {"tcp_max_syn_backlog", given.has_tcp_max_syn_backlog(), given.tcp_max_syn_backlog(), 1 << 20,
         &Knobs::tcp_max_syn_backlog},
        {"tcp_syn_retries", given.has_tcp_syn_retries(), given.tcp_syn_retries(), 127, &Knobs::tcp_syn_retries},
        {"tcp_synack_retries", given.has_tcp_synack_retries(), given.tcp_synack_retries(), 255,
         &Knobs::tcp_synack_retries},
        {"tcp_syn_linear_timeouts", given.has_tcp_syn_linear_timeouts(), given.tcp_syn_linear_timeouts(), 127,
         &Knobs::tcp_syn_linear_timeouts},
        {"tcp_syncookies", given.has_tcp_syncookies(), given.tcp_syncookies(), 2, &Knobs::tcp_syncookies},
        {"tcp_abort_on_overflow", given.has_tcp_abort_on_overflow(), given.tcp_abort_on_overflow(), 1,
         &Knobs::tcp_abort_on_overflow},
        {"tcp_fin_timeout", given.has_tcp_fin_timeout(), given.tcp_fin_timeout(), 120, &Knobs::tcp_fin_timeout},
        {"tcp_retries2", given.has_tcp_retries2(), given.tcp_retries2(), 255, &Knobs::tcp_retries2},
    };
    for (const Known& each : known) {
      if (!each.has) continue;
      if (each.value > each.most) {
        return place.At(each.name).Wrong(absl::StrCat(each.name, " is at most ", each.most));
      }
      knobs.*each.knob = static_cast<int>(each.value);
    }
    return absl::OkStatus();
  }

  absl::Status FindHost(const std::string& name, const Place& place, HostId& host) const {
    const auto found = hosts_.find(name);
    if (found == hosts_.end()) return place.Wrong(absl::StrCat("there is no host `", name, "`"));
    host = found->second;
    return absl::OkStatus();
  }

  absl::Status FindProgram(const std::string& name, const Place& place, size_t& program) const {
    const auto found = programs_.find(name);
    if (found == programs_.end()) return place.Wrong(absl::StrCat("there is no program `", name, "`"));
    program = found->second;
    return absl::OkStatus();
  }

  // --- Links ---

  // The pairs that a link names: one, or all.
  absl::Status FindPairs(const std::string& a, const std::string& b, const Place& place,
                         std::vector<std::pair<HostId, HostId>>& pairs) const {
    if (a.empty() != b.empty()) return place.Wrong("a link has two ends: a and b, or neither for all links");
    const auto count = static_cast<HostId>(plan_.hosts.size());
    if (a.empty()) {
      for (HostId i = 0; i < count; ++i) {
        for (HostId k = i + 1; k < count; ++k) pairs.emplace_back(i, k);
      }
      return absl::OkStatus();
    }
    HostId first = 0;
    HostId second = 0;
    if (absl::Status status = FindHost(a, place.At("a"), first); !status.ok()) return status;
    if (absl::Status status = FindHost(b, place.At("b"), second); !status.ok()) return status;
    if (first == second) return place.At("b").Wrong("a link joins two hosts; a host's own loopback is none");
    pairs.emplace_back(std::min(first, second), std::max(first, second));
    return absl::OkStatus();
  }

  static absl::Status Overlay(const duet::v1::Link& link, const Place& place, LinkOptions& options) {
    absl::Status status;
    const auto take = [&](const char* field, bool has, auto parsed, auto& value) {
      if (status.ok() && has) status = place.At(field).Take(std::move(parsed), value);
    };
    take("latency", link.has_latency(), ParseTime(link.latency()), options.latency);
    take("jitter", link.has_jitter(), ParseTime(link.jitter()), options.jitter);
    take("loss", link.has_loss(), ParsePart(link.loss()), options.loss_ppm);
    take("bandwidth", link.has_bandwidth(), ParseRate(link.bandwidth()), options.bandwidth);
    take("queue", link.has_queue(), ParseSize(link.queue()), options.queue_bytes);
    take("duplicate", link.has_duplicate(), ParsePart(link.duplicate()), options.duplicate_ppm);
    take("reorder", link.has_reorder(), ParsePart(link.reorder()), options.reorder_ppm);
    take("reorder_delay", link.has_reorder_delay(), ParseTime(link.reorder_delay()), options.reorder_delay);
    take("corrupt", link.has_corrupt(), ParsePart(link.corrupt()), options.corrupt_ppm);
    if (link.has_up()) options.up = link.up();
    if (!link.has_mtu()) return status;
    if (link.mtu() < 68 || link.mtu() > 65'535) return place.At("mtu").Wrong("an MTU is from 68 to 65535 bytes");
    options.mtu = link.mtu();
    return status;
  }

  using Pairs = std::vector<std::pair<HostId, HostId>>;

  // The pairs that a link names, once its values are known to be right.
  absl::Status CheckLink(const duet::v1::Link& link, const Place& place, Pairs& pairs) const {
    if (absl::Status status = FindPairs(link.a(), link.b(), place, pairs); !status.ok()) return status;
    LinkOptions unused;
    return Overlay(link, place, unused);
  }

  absl::Status AddLink(const duet::v1::Link& link, const Place& place) {
    Pairs pairs;
    if (absl::Status status = CheckLink(link, place, pairs); !status.ok()) return status;
    for (const auto& pair : pairs) Overlay(link, place, links_[pair]).IgnoreError();
    return absl::OkStatus();
  }

  // What happens to links at a time: they get values, or one more or fewer of the faults that keep them down.
  struct LinkEvent {
    Time at;
    Pairs pairs;
    duet::v1::Link values;
    int downs = 0;
  };

  // In the order of time, each change with what those before it left.
  void ChangeLinks() {
    std::stable_sort(link_events_.begin(), link_events_.end(),
                     [](const LinkEvent& a, const LinkEvent& b) { return a.at < b.at; });
    std::map<std::pair<HostId, HostId>, int> downs;
    for (const LinkEvent& event : link_events_) {
      for (const auto& pair : event.pairs) {
        Overlay(event.values, Place(), links_[pair]).IgnoreError();
        downs[pair] += event.downs;
        LinkOptions options = links_[pair];
        options.up = options.up && downs[pair] == 0;
        plan_.changes.push_back({.at = event.at, .link = {pair.first, pair.second, options}});
      }
    }
  }

  std::vector<PlannedLink> Links() const {
    std::vector<PlannedLink> links;
    for (const auto& [pair, options] : links_) links.push_back({pair.first, pair.second, options});
    return links;
  }

  // --- Programs ---

  absl::Status AddProgram(const duet::v1::Program& program, const Place& place) {
    PlannedProgram planned;
    if (absl::Status status = FindHost(program.host(), place.At("host"), planned.host); !status.ok()) return status;
    planned.name = program.has_name() ? program.name() : program.host();
    if (!FitsProgramName(planned.name)) {
      return place.At("name").Wrong("a program's name is of at most 63 characters of ASCII without spaces");
    }
    if (!programs_.emplace(planned.name, plan_.programs.size()).second) {
      return (program.has_name() ? place.At("name") : place)
          .Wrong(absl::StrCat("there are two programs named ", planned.name, ": give each a name of its own"));
    }
    absl::StatusOr<std::vector<std::string>> words = SplitCommand(program.command());
    if (!words.ok()) {
      return place.At("command").Wrong(absl::StrCat(planned.name, ": ", words.status().message()));
    }
    planned.command = *std::move(words);
    if (program.has_at()) {
      if (absl::Status status = place.At("at").Take(ParseTime(program.at()), planned.at.emplace()); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = SetInput(program, place, planned); !status.ok()) return status;
    planned.short_transfers = program.short_transfers();
    if (program.has_serves()) planned.serves = program.serves();
    plan_.programs.push_back(std::move(planned));
    return absl::OkStatus();
  }

  absl::Status SetInput(const duet::v1::Program& program, const Place& place, PlannedProgram& planned) {
    size_t length = program.input().size();
    planned.input = program.input();
    for (int i = 0; i < program.typed_size(); ++i) {
      const Place here = place.In("typed", i);
      PlannedInput typed{.text = program.typed(i).text(), .end = program.typed(i).end()};
      if (absl::Status status = here.At("at").Take(ParseTime(program.typed(i).at()), typed.at); !status.ok()) {
        return status;
      }
      if (i > 0 && planned.typed.back().end) return here.Wrong("nothing is typed after the end");
      if (i > 0 && typed.at < planned.typed.back().at) {
        return here.At("at").Wrong("what is typed stands in the order of time");
      }
      length += typed.text.size();
      planned.typed.push_back(std::move(typed));
    }
    if (length > kMostInput) return place.At("input").Wrong("an input has at most 16 MiB");
    planned.interactive = program.interactive();
    if (!planned.interactive) return absl::OkStatus();
    if (std::exchange(has_interactive_, true)) {
      return place.At("interactive").Wrong("there is one standard input, and one program can have it");
    }
    if (length > 0 || !planned.typed.empty()) {
      return place.At("interactive").Wrong(absl::StrCat(planned.name, " has an input of its own"));
    }
    return absl::OkStatus();
  }

  // --- Faults ---

  absl::Status AddFaults(const Place& place) {
    for (int i = 0; i < lab_.fault_size(); ++i) {
      if (absl::Status status = AddFault(lab_.fault(i), place.In("fault", i)); !status.ok()) return status;
    }
    ChangeLinks();
    std::stable_sort(plan_.changes.begin(), plan_.changes.end(),
                     [](const Change& a, const Change& b) { return a.at < b.at; });
    return absl::OkStatus();
  }

  absl::Status AddFault(const duet::v1::Fault& fault, const Place& place) {
    Time at{0};
    if (absl::Status status = place.At("at").Take(ParseTime(fault.at()), at); !status.ok()) return status;
    std::optional<Time> until;
    if (fault.has_until()) {
      const absl::Status status = place.At("until").Take(ParseTime(fault.until()), until.emplace());
      if (!status.ok()) return status;
      if (*until <= at) {
        return place.At("until").Wrong("a fault ends after it has begun: `until` is a time, as `at` is");
      }
      if (!fault.has_down() && !fault.has_pause() && !fault.has_packets()) {
        return place.At("until").Wrong(
            "only down, pause and packets have an end; what is to be undone is a fault more");
      }
    }
    switch (fault.what_case()) {
      case duet::v1::Fault::kDown: return AddDown(fault.down(), place.In("down"), at, until);
      case duet::v1::Fault::kLink: return AddLinkChange(fault.link(), place.In("link"), at);
      case duet::v1::Fault::kPause: return AddPause(fault.pause(), place.At("pause"), at, until);
      case duet::v1::Fault::kResume: return AddChange(Change::What::kResume, fault.resume(), place.At("resume"), at);
      case duet::v1::Fault::kKill: return AddChange(Change::What::kKill, fault.kill(), place.At("kill"), at);
      case duet::v1::Fault::kPackets: return AddRule(fault.packets(), place.In("packets"), at, until);
      default: return place.Wrong("a fault says what happens: down, link, pause, resume, kill or packets");
    }
  }

  absl::Status AddLinkChange(const duet::v1::Link& link, const Place& place, Time at) {
    LinkEvent event{.at = at, .values = link};
    if (absl::Status status = CheckLink(link, place, event.pairs); !status.ok()) return status;
    link_events_.push_back(std::move(event));
    return absl::OkStatus();
  }

  absl::Status AddDown(const duet::v1::Between& between, const Place& place, Time at, std::optional<Time> until) {
    LinkEvent event{.at = at, .downs = 1};
    if (absl::Status status = FindPairs(between.a(), between.b(), place, event.pairs); !status.ok()) return status;
    link_events_.push_back(event);
    if (!until) return absl::OkStatus();
    event.at = *until;
    event.downs = -1;
    link_events_.push_back(std::move(event));
    return absl::OkStatus();
  }

  absl::Status AddChange(Change::What what, const std::string& program, const Place& place, Time at) {
    Change change{.at = at, .what = what};
    if (absl::Status status = FindProgram(program, place, change.program); !status.ok()) return status;
    plan_.changes.push_back(change);
    return absl::OkStatus();
  }

  absl::Status AddPause(const std::string& program, const Place& place, Time at, std::optional<Time> until) {
    absl::Status status = AddChange(Change::What::kPause, program, place, at);
    if (status.ok() && until) status = AddChange(Change::What::kResume, program, place, *until);
    return status;
  }

  absl::Status AddRule(const duet::v1::Packets& packets, const Place& place, Time at, std::optional<Time> until) {
    HostId from = -1;
    HostId to = -1;
    Rule rule;
    absl::Status status;
    if (packets.has_from()) status = FindHost(packets.from(), place.At("from"), from);
    if (status.ok() && packets.has_to()) status = FindHost(packets.to(), place.At("to"), to);
    if (status.ok()) status = SetFate(packets, place, rule);
    if (!status.ok()) return status;
    rule.name = absl::StrCat("fault ", plan_.rules.size() + 1);
    rule.matches = [packets, from, to](const Packet& packet) { return Fits(packets, from, to, packet); };
    rule.from = at;
    if (until) rule.until = *until;
    rule.skip = packets.skip();
    if (packets.has_count()) rule.count = packets.count();
    plan_.rules.push_back(std::move(rule));
    return absl::OkStatus();
  }

  static absl::Status SetFate(const duet::v1::Packets& packets, const Place& place, Rule& rule) {
    const bool refused = (packets.has_drop() && !packets.drop()) || (packets.has_duplicate() && !packets.duplicate()) ||
                         (packets.has_reset() && !packets.reset());
    if (refused) return place.Wrong("what is not to happen to packets is left out");
    switch (packets.fate_case()) {
      case duet::v1::Packets::kDrop: rule.verdict = Verdict::kDrop; return absl::OkStatus();
      case duet::v1::Packets::kDuplicate: rule.verdict = Verdict::kDuplicate; return absl::OkStatus();
      case duet::v1::Packets::kReset: rule.verdict = Verdict::kReset; return absl::OkStatus();
      case duet::v1::Packets::kDelay:
        rule.verdict = Verdict::kDelay;
        return place.At("delay").Take(ParseTime(packets.delay()), rule.delay);
      default: return place.Wrong("what becomes of the packets? drop, delay, duplicate or reset");
    }
  }

  // --- Expectations ---

  absl::Status AddExpectation(const duet::v1::Expectation& expected, const Place& place) {
    PlannedExpectation planned{.text = expected};
    if (absl::Status status = FindProgram(expected.program(), place.At("program"), planned.program); !status.ok()) {
      return status;
    }
    const bool some = expected.has_exit_status() || expected.has_runs() || expected.has_output() ||
                      expected.output_has_size() + expected.output_lacks_size() + expected.errors_have_size() > 0;
    if (!some) return place.Wrong(absl::StrCat("what is expected of ", expected.program(), "?"));
    if (expected.runs() && expected.has_exit_status()) {
      return place.At("runs").Wrong("a program that runs has no exit status");
    }
    plan_.expectations.push_back(std::move(planned));
    return absl::OkStatus();
  }

  const Lab& lab_;
  Plan plan_;
  std::map<std::string, HostId> hosts_;
  std::set<std::string> lower_names_;  // to names of hosts, case is nothing
  std::map<std::string, size_t> programs_;
  bool has_interactive_ = false;
  std::map<std::pair<HostId, HostId>, LinkOptions> links_;
  std::vector<LinkEvent> link_events_;
};

}  // namespace

absl::StatusOr<Plan> MakePlan(const Lab& lab, const Place& place) { return Planner(lab).Make(place); }

absl::StatusOr<Plan> MakePlan(const Lab& lab) { return MakePlan(lab, Place()); }

}  // namespace lab::run
