#include "sim/host/network.h"

#include <utility>

#include "lab/wire/fragments.h"
#include "lab/world/world.h"

namespace sim {
namespace {

constexpr uint32_t kFirstAddress = 0x0a000001;  // 10.0.0.1

// fd00::/64, which the hosts' addresses are in.
bool InIpv6Network(const lab::IpAddress& address) {
  const auto network = lab::Ipv6AddressOf(0).words();
  return address.words()[0] == network[0] && address.words()[1] == network[1];
}

// Of a packet that is larger than the link takes each piece goes by itself, and it arrives with the last of them.
lab::Passage SendPieces(lab::Link& link, Time now, size_t size, lab::Choices& choices) {
  if (size <= link.options().mtu) return link.Send(now, size, choices);
  lab::Passage all = {.arrives = now, .duplicated = true};
  for (const size_t piece : lab::FragmentSizes(size, link.options().mtu)) {
    all = Join(all, link.Send(now, piece, choices));
  }
  return all;
}

}  // namespace

void Network::Parcel::OnTime() {
  network_.hosts_[static_cast<size_t>(to_)].port->Deliver(packet);
  // Only now: what it brings about makes packets.
  network_.GiveBack(*this);
}

Network::Network(Engine& engine, lab::Trace& trace) : engine_(engine), trace_(trace) {}

Network::~Network() = default;

HostId Network::Add(std::string name, Port& port) {
  const auto id = static_cast<HostId>(hosts_.size());
  const uint32_t address = kFirstAddress + static_cast<uint32_t>(id);
  trace_.AddHost(name, address, lab::Ipv6AddressOf(id));
  hosts_.push_back({std::move(name), address, &port, lab::Link(static_cast<uint32_t>(id) << 16 | id, {})});
  return id;
}

std::optional<lab::IpAddress> Network::Resolve(std::string_view name) const {
  constexpr std::string_view kIpv6 = "ip6-";
  for (const Joined& host : hosts_) {
    if (host.name == name) return host.address;
    if (name.starts_with(kIpv6) && name.substr(kIpv6.size()) == host.name) {
      return lab::Ipv6AddressOf(static_cast<HostId>(&host - hosts_.data()));
    }
  }
  return std::nullopt;
}

bool Network::Routable(const lab::IpAddress& address) {
  if (address.is_loopback()) return true;
  return address.is_ipv4() ? address.ipv4() >> 24 == 10 : InIpv6Network(address);
}

HostId Network::Find(const lab::IpAddress& address) const {
  if (!address.is_ipv4() && !InIpv6Network(address)) return -1;
  const uint32_t first = address.is_ipv4() ? kFirstAddress : lab::Ipv6AddressOf(0).words()[3];
  const uint32_t index = address.words()[3] - first;
  return index < hosts_.size() && (address.is_ipv4() || address.words()[2] == 0) ? static_cast<HostId>(index) : -1;
}

lab::Link& Network::LinkBetween(HostId from, HostId to) {
  Joined& host = hosts_[static_cast<size_t>(from)];
  if (host.last_to == to) return *host.last_link;
  const uint64_t key = uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(to);
  const uint32_t actor = static_cast<uint32_t>(from) << 16 | static_cast<uint32_t>(to);
  host.last_to = to;
  host.last_link = &links_.try_emplace(key, actor, lab::LinkOptions{}).first->second;
  return *host.last_link;
}

void Network::SetLink(HostId a, HostId b, const lab::LinkOptions& options) {
  LinkBetween(a, b).set_options(options);
  LinkBetween(b, a).set_options(options);
}

uint32_t Network::mtu(HostId from, const lab::IpAddress& to) const {
  const HostId host = Find(to);
  if (host < 0 || host == from) return lab::LinkOptions{}.mtu;
  const Joined& joined = hosts_[static_cast<size_t>(from)];
  if (joined.last_to == host) return joined.last_link->options().mtu;
  const auto found = links_.find(uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(host));
  return found == links_.end() ? lab::LinkOptions{}.mtu : found->second.options().mtu;
}

Network::Parcel& Network::MakeParcel() {
  parcels_.push_back(std::make_unique<Parcel>(*this));
  free_ = parcels_.back().get();
  return *free_;
}

Network::Parcel& Network::TakeNext() {
  Parcel& parcel = NextParcel();
  free_ = parcel.next_free_;
  return parcel;
}

void Network::GiveBack(Parcel& parcel) {
  parcel.packet.payload.Clear();
  parcel.next_free_ = free_;
  free_ = &parcel;
}

void Network::Launch(Parcel& parcel, const Course& course) {
  parcel.to_ = course.to;
  engine_.events().Schedule(parcel, course.arrives);
}

void Network::LaunchCopy(const lab::Packet& packet, const Course& course) {
  Parcel& copy = TakeNext();
  copy.packet = packet;
  Launch(copy, course);
}

void Network::AddToTrace(const Course& course, const lab::Packet& packet) {
  trace_.Add(lab::PacketEvent{.sent = course.sent,
                              .arrives = course.arrives,
                              .from = course.from,
                              .to = course.to,
                              .fate = course.fate,
                              .arrived = course.arrived,
                              .cause = std::string(course.cause),
                              .packet = packet});
}

void Network::DeliverNext(Port& port) {
  Parcel& parcel = TakeNext();
  port.Deliver(parcel.packet);
  GiveBack(parcel);
}

void Network::SendNext(HostId from) {
  Parcel& parcel = TakeNext();
  const lab::Packet& packet = parcel.packet;
  const lab::IpAddress& destination = packet.destination.address;
  const HostId to = destination.is_loopback() ? from : Find(destination);
  Course course{.sent = engine_.now(), .arrives = Time(0), .from = from, .to = to};
  if (to == from) {
    lab::Link& loopback = hosts_[static_cast<size_t>(from)].loopback;
    course.arrives = *loopback.Send(engine_.now(), packet.wire_size(), engine_.choices()).arrives;
    return Launch(parcel, course);
  }
  if (to >= 0) return SendOver(LinkBetween(from, to), parcel, course, rules_.Judge(engine_.now(), packet));
  course.fate = Course::Fate::kUnclaimed;
  course.arrived = false;
  Record(course, packet);
  GiveBack(parcel);
}

void Network::SendOver(lab::Link& link, Parcel& parcel, Course& course, const lab::Rules::Judgement& judgement) {
  using lab::Verdict;
  const lab::Packet& packet = parcel.packet;
  const Verdict verdict = judgement.verdict;
  if (verdict != Verdict::kPass) {
    course.fate = Course::Fate::kRuled;
    course.cause = *judgement.name;
  }
  bool twice = false;
  if (verdict == Verdict::kDrop || verdict == Verdict::kReset) {
    course.arrived = false;
  } else {
    const lab::Passage passage = SendPieces(link, course.sent, packet.wire_size(), engine_.choices());
    // A corrupted packet ends at the receiver's checksum, of which no program learns: it need not go there.
    if (!passage.arrives || passage.flipped) {
      course.fate = Course::Fate::kLost;
      course.arrived = false;
      course.cause = passage.cause;
    } else {
      course.arrives = *passage.arrives + judgement.delay;
      twice = passage.duplicated;
    }
  }
  Record(course, packet);
  if (verdict == Verdict::kReset) SendResets(course, packet);
  if (!course.arrived) return GiveBack(parcel);
  const int copies = int{twice} + int{verdict == Verdict::kDuplicate};
  for (int i = 0; i < copies; ++i) {
    Record(course, packet);
    LaunchCopy(packet, course);
  }
  Launch(parcel, course);
}

void Network::SendResets(const Course& ruled, const lab::Packet& packet) {
  for (lab::Packet& reset : lab::Rules::ResetsFor(packet)) {
    Course course = ruled;
    course.arrived = true;
    course.from = Find(reset.source.address);
    course.to = Find(reset.destination.address);
    // A fault is not subject to the faults of the link.
    course.arrives = course.sent + LinkBetween(course.from, course.to).options().latency;
    Record(course, reset);
    LaunchCopy(reset, course);
  }
}

}  // namespace sim
