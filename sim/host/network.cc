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
  lab::Passage all = {.arrives = now, .duplicated = true};
  for (const size_t piece : lab::FragmentSizes(size, link.options().mtu)) {
    all = Join(all, link.Send(now, piece, choices));
  }
  return all;
}

}  // namespace

// A packet on its way. Reused once it has arrived.
class Network::InFlight final : public Event {
 public:
  explicit InFlight(Network& network) : network_(network) {}

  void OnTime() override {
    network_.hosts_[static_cast<size_t>(to)].port->Deliver(packet);
    packet.payload.Clear();
    network_.free_.push_back(this);
  }

  HostId to = -1;
  lab::Packet packet;

 private:
  Network& network_;
};

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

lab::Packet& Network::Launch(Time arrival, HostId to) {
  if (free_.empty()) {
    in_flight_.push_back(std::make_unique<InFlight>(*this));
    free_.push_back(in_flight_.back().get());
  }
  InFlight& flight = *free_.back();
  free_.pop_back();
  flight.to = to;
  engine_.events().Schedule(flight, arrival);
  return flight.packet;
}

void Network::Send(HostId from, lab::Packet&& packet) {
  const lab::IpAddress& destination = packet.destination.address;
  const HostId to = destination.is_loopback() ? from : Find(destination);
  if (to == from) {
    lab::Link& loopback = hosts_[static_cast<size_t>(from)].loopback;
    const lab::Passage passage = loopback.Send(engine_.now(), packet.wire_size(), engine_.choices());
    Launch(*passage.arrives, to) = std::move(packet);
    return;
  }

  lab::PacketEvent event;
  event.sent = engine_.now();
  event.from = from;
  event.to = to;
  event.packet = std::move(packet);
  if (to < 0) {
    event.fate = lab::PacketEvent::Fate::kUnclaimed;
    event.arrived = false;
    return trace_.Add(std::move(event));
  }

  const lab::Rules::Judgement judgement = rules_.Judge(engine_.now(), event.packet);
  if (judgement.name != nullptr && judgement.verdict != lab::Verdict::kPass) {
    event.fate = lab::PacketEvent::Fate::kRuled;
    event.cause = *judgement.name;
  }
  if (judgement.verdict == lab::Verdict::kDrop || judgement.verdict == lab::Verdict::kReset) {
    event.arrived = false;
  } else {
    SendOver(LinkBetween(from, to), event, judgement.delay);
  }
  if (judgement.verdict == lab::Verdict::kDuplicate && event.arrived) {
    trace_.Add(event);
    Launch(event.arrives, to) = event.packet;
  }
  if (judgement.verdict == lab::Verdict::kReset) {
    trace_.Add(event);
    return SendResets(event);
  }
  trace_.Add(std::move(event));
}

void Network::SendOver(lab::Link& link, lab::PacketEvent& event, Duration delay) {
  const lab::Passage passage = SendPieces(link, event.sent, event.packet.wire_size(), engine_.choices());
  // A corrupted packet ends at the receiver's checksum, of which no program learns: it need not go there.
  if (!passage.arrives || passage.flipped) {
    event.fate = lab::PacketEvent::Fate::kLost;
    event.arrived = false;
    event.cause = passage.cause;
    return;
  }
  event.arrives = *passage.arrives + delay;
  Launch(event.arrives, event.to) = event.packet;
  if (!passage.duplicated) return;
  trace_.Add(event);
  Launch(event.arrives, event.to) = event.packet;
}

void Network::SendResets(const lab::PacketEvent& ruled) {
  for (lab::Packet& reset : lab::Rules::ResetsFor(ruled.packet)) {
    lab::PacketEvent event;
    event.sent = ruled.sent;
    event.from = Find(reset.source.address);
    event.to = Find(reset.destination.address);
    event.fate = lab::PacketEvent::Fate::kRuled;
    event.cause = ruled.cause;
    event.packet = std::move(reset);
    // A fault is not subject to the faults of the link.
    event.arrives = event.sent + LinkBetween(event.from, event.to).options().latency;
    Launch(event.arrives, event.to) = event.packet;
    trace_.Add(std::move(event));
  }
}

}  // namespace sim
