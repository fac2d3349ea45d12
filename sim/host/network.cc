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
  // Free only now: what it brings about makes packets.
  const ParcelPtr self(this);
  network_.hosts_[static_cast<size_t>(to_)].port->Deliver(packet);
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
  const uint64_t key = uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(to);
  const uint32_t actor = static_cast<uint32_t>(from) << 16 | static_cast<uint32_t>(to);
  return links_.try_emplace(key, actor, lab::LinkOptions{}).first->second;
}

void Network::SetLink(HostId a, HostId b, const lab::LinkOptions& options) {
  LinkBetween(a, b).set_options(options);
  LinkBetween(b, a).set_options(options);
}

uint32_t Network::mtu(HostId from, const lab::IpAddress& to) const {
  const HostId host = Find(to);
  if (host < 0 || host == from) return lab::LinkOptions{}.mtu;
  const auto found = links_.find(uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(host));
  return found == links_.end() ? lab::LinkOptions{}.mtu : found->second.options().mtu;
}

Network::ParcelPtr Network::Make() {
  if (free_.empty()) {
    parcels_.push_back(std::make_unique<Parcel>(*this));
    return ParcelPtr(parcels_.back().get());
  }
  ParcelPtr parcel(free_.back());
  free_.pop_back();
  return parcel;
}

void Network::Launch(ParcelPtr parcel, const Course& course) {
  Parcel& launched = *parcel.release();
  launched.to_ = course.to;
  engine_.events().Schedule(launched, course.arrives);
}

void Network::LaunchCopy(const lab::Packet& packet, const Course& course) {
  ParcelPtr copy = Make();
  copy->packet = packet;
  Launch(std::move(copy), course);
}

void Network::Record(const Course& course, const lab::Packet& packet) {
  if (!trace_.on()) return;
  trace_.Add(lab::PacketEvent{.sent = course.sent,
                              .arrives = course.arrives,
                              .from = course.from,
                              .to = course.to,
                              .fate = course.fate,
                              .arrived = course.arrived,
                              .cause = std::string(course.cause),
                              .packet = packet});
}

void Network::Send(HostId from, ParcelPtr parcel) {
  const lab::Packet& packet = parcel->packet;
  const lab::IpAddress& destination = packet.destination.address;
  const HostId to = destination.is_loopback() ? from : Find(destination);
  Course course{.sent = engine_.now(), .arrives = Time(0), .from = from, .to = to};
  if (to == from) {
    lab::Link& loopback = hosts_[static_cast<size_t>(from)].loopback;
    course.arrives = *loopback.Send(engine_.now(), packet.wire_size(), engine_.choices()).arrives;
    return Launch(std::move(parcel), course);
  }
  if (to < 0) {
    course.fate = Course::Fate::kUnclaimed;
    course.arrived = false;
    return Record(course, packet);
  }

  const lab::Rules::Judgement judgement = rules_.Judge(engine_.now(), packet);
  if (judgement.name != nullptr && judgement.verdict != lab::Verdict::kPass) {
    course.fate = Course::Fate::kRuled;
    course.cause = *judgement.name;
  }
  const bool stopped = judgement.verdict == lab::Verdict::kDrop || judgement.verdict == lab::Verdict::kReset;
  course.arrived = !stopped;
  const bool twice = !stopped && Pass(course, packet, judgement.delay).duplicated;
  Record(course, packet);
  if (judgement.verdict == lab::Verdict::kReset) return SendResets(course, packet);
  if (!course.arrived) return;
  for (const bool again : {twice, judgement.verdict == lab::Verdict::kDuplicate}) {
    if (!again) continue;
    LaunchCopy(packet, course);
    Record(course, packet);
  }
  Launch(std::move(parcel), course);
}

lab::Passage Network::Pass(Course& course, const lab::Packet& packet, Duration delay) {
  const lab::Passage passage = SendPieces(LinkBetween(course.from, course.to), course.sent, packet.wire_size(),
                                          engine_.choices());
  // A corrupted packet ends at the receiver's checksum, of which no program learns: it need not go there.
  if (!passage.arrives || passage.flipped) {
    course.fate = Course::Fate::kLost;
    course.arrived = false;
    course.cause = passage.cause;
  } else {
    course.arrives = *passage.arrives + delay;
  }
  return passage;
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
