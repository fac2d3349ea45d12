#include "sim/host/host.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "sim/host/listen_queue.h"
#include "sim/host/spread.h"

namespace sim {
namespace {

uint32_t Draw(uint64_t seed, uint64_t stream, uint64_t index) {
  uint32_t value = 0;
  lab::FillFromSeed(seed, stream, index * sizeof value, &value, sizeof value);
  return value;
}

// Streams of a host's own, apart from those of processes, which are their ids.
constexpr uint64_t kPortStream = uint64_t{1} << 32;
constexpr uint64_t kDatagramStream = uint64_t{3} << 32;
constexpr uint64_t kSequenceStream = uint64_t{2} << 32;

}  // namespace

Host::Host(Engine& engine, Network& network, lab::Trace& trace, const lab::HostOptions& options, uint64_t seed)
    : engine_(engine),
      network_(network),
      trace_(trace),
      knobs_(options.knobs),
      seed_(seed),
      id_(network.Add(options.name, *this)),
      ports_(Draw(seed, kPortStream + static_cast<uint64_t>(id_), 0)),
      datagrams_(Draw(seed, kDatagramStream + static_cast<uint64_t>(id_), 0)) {}

Host::~Host() = default;

tcp::Options Host::OptionsFor(const lab::IpAddress& remote) const {
  tcp::Options options;
  options.mtu = network_.mtu(id_, remote);
  options.syn_retries = knobs_.tcp_syn_retries;
  options.synack_retries = knobs_.tcp_synack_retries;
  options.syn_linear_timeouts = knobs_.tcp_syn_linear_timeouts;
  options.retries2 = knobs_.tcp_retries2;
  options.fin_timeout = std::chrono::seconds(knobs_.tcp_fin_timeout);
  return options;
}

uint32_t Host::NextInitialSequence() {
  return Draw(seed_, kSequenceStream + static_cast<uint64_t>(id_), sequences_++);
}

bool Host::Has(const lab::Endpoint& local, const lab::Endpoint& remote) const {
  return flows_.contains(Ends{local, remote});
}

int Host::MakeWay(const lab::Endpoint& local, const lab::Endpoint& remote, std::optional<uint32_t>& iss) {
  const auto found = flows_.find(Ends{local, remote});
  if (found == flows_.end()) return 0;
  const FlowPtr flow = *found;
  iss = flow->connection().IssToReplace();
  if (!iss) return -EADDRNOTAVAIL;
  flow->Retire();
  return 0;
}

void Host::Add(FlowPtr flow) {
  flows_.insert(std::move(flow));
}

void Host::Forget(Flow& flow) {
  const FlowPtr keep(&flow);
  flow.ReleasePort();
  const auto found = flows_.find(keep);
  if (found != flows_.end() && *found == keep) flows_.erase(found);
}

void Host::Add(ListenQueue& listener) { listeners_[listener.local()].push_back(&listener); }

void Host::Remove(ListenQueue& listener) {
  const auto found = listeners_.find(listener.local());
  std::erase(found->second, &listener);
  if (found->second.empty()) listeners_.erase(found);
}

ListenQueue* Host::FindListener(const lab::Endpoint& local, const lab::Endpoint& remote) const {
  const bool ipv4 = local.address.is_ipv4();
  auto found = listeners_.find(local);
  if (found == listeners_.end()) {
    found = listeners_.find(lab::Endpoint{ipv4 ? lab::IpAddress() : lab::kIpv6Any, local.port});
  }
  if (found == listeners_.end() && ipv4) {
    found = listeners_.find(lab::Endpoint{lab::kIpv6Any, local.port});
    if (found != listeners_.end() && found->second.front()->ipv6_only()) return nullptr;
  }
  if (found == listeners_.end()) return nullptr;
  const std::vector<ListenQueue*>& sharing = found->second;
  return sharing.size() == 1 ? sharing.front() : sharing[Spread(local, remote, sharing.size())];
}

bool Host::Listening(uint16_t port) const {
  const auto listens = [&](const lab::IpAddress& own) { return FindListener({own, port}, {}) != nullptr; };
  return listens(address()) || listens(Network::kLoopback) || listens(address6()) || listens(lab::kIpv6Loopback);
}

void Host::Deliver(const lab::Packet& packet) {
  switch (packet.protocol) {
    case lab::Protocol::kTcp: return DeliverSegment(packet);
    case lab::Protocol::kUdp: return DeliverDatagram(packet);
    case lab::Protocol::kIcmp: return DeliverError(packet);
  }
}

void Host::DeliverDatagram(const lab::Packet& packet) {
  if (IsBroadcast(packet.destination.address)) {
    for (udp::Binding* const binding : datagrams_.FindAll(packet.destination, packet.source)) {
      binding->owner().OnDatagram(packet);
    }
    return;
  }
  udp::Binding* const binding = datagrams_.Find(packet.destination, packet.source);
  binding != nullptr ? binding->owner().OnDatagram(packet) : RefuseDatagram(packet);
}

void Host::RefuseDatagram(const lab::Packet& packet) {
  const bool local = IsLocal(packet.source.address);
  if (!local && !error_limit_.Allows(now(), packet.source.address)) return;
  lab::Packet error = lab::IcmpError(packet, packet.destination, lab::PortUnreachable(packet));
  local ? Deliver(error) : Transmit(std::move(error));
}

void Host::DeliverError(const lab::Packet& icmp) {
  const std::optional<lab::Quoted> quoted = lab::QuotedIn(icmp);
  if (!quoted) return;
  if (quoted->protocol == lab::Protocol::kUdp) {
    udp::Binding* const binding = datagrams_.Find(quoted->source, quoted->destination);
    if (binding != nullptr) binding->owner().OnError(icmp, *quoted);
  } else if (quoted->protocol == lab::Protocol::kTcp) {
    const auto found = flows_.find(Ends{quoted->source, quoted->destination});
    const int error = udp::MeaningOf(icmp).error;
    if (found == flows_.end() || error == 0) return;
    const FlowPtr flow = *found;
    flow->connection().OnUnreachable(error);
    flow->Settle();
  }
}

void Host::SendNextDatagram() {
  const lab::Packet& packet = network_.NextParcel().packet;
  const lab::IpAddress& to = packet.destination.address;
  if (IsLocal(to)) return network_.DeliverNext(*this);
  // Nobody answers a broadcast with an error, which would be the next packet.
  if (IsBroadcast(to)) Deliver(packet);
  TransmitNext();
}

void Host::DeliverSegment(const lab::Packet& packet) {
  const auto found = flows_.find(Ends{packet.destination, packet.source});
  ListenQueue* listener = nullptr;
  if (found != flows_.end()) {
    const FlowPtr flow = *found;
    const std::optional<uint32_t> iss = flow->connection().IssToReopen(packet);
    if (iss) listener = FindListener(packet.destination, packet.source);
    if (listener == nullptr) return flow->OnSegment(packet);
    flow->Retire();
    return listener->OnSyn(packet, *iss);
  }
  listener = FindListener(packet.destination, packet.source);
  if (listener == nullptr) return Refuse(packet);
  listener->OnSegment(packet);
}

void Host::Transmit(lab::Packet&& packet) {
  network_.NextParcel().packet = std::move(packet);
  TransmitNext();
}

void Host::Refuse(const lab::Packet& packet) {
  if (std::optional<lab::Packet> reset = tcp::Connection::ResetFor(packet)) Transmit(*std::move(reset));
}

void Host::Note(std::string text) { trace_.Add(lab::NoteEvent{now(), id_, -1, std::move(text)}); }

}  // namespace sim
