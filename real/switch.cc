#include "real/switch.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

namespace real {
namespace {

constexpr size_t kLargestPacket = 65'535;
constexpr int kMostAtOnce = 64;

// A packet's ends, as its header says; false where there is no whole header of either version.
bool ReadEnds(std::span<const uint8_t> packet, lab::IpAddress& source, lab::IpAddress& destination) {
  constexpr size_t kIpv4Header = 20;
  constexpr size_t kIpv6Header = 40;
  const auto word = [packet](size_t at) {
    return uint32_t{packet[at]} << 24 | uint32_t{packet[at + 1]} << 16 | uint32_t{packet[at + 2]} << 8 | packet[at + 3];
  };
  const auto address6 = [word](size_t at) {
    return lab::IpAddress::V6(word(at), word(at + 4), word(at + 8), word(at + 12));
  };
  const int version = packet.empty() ? 0 : packet[0] >> 4;
  if (version == 4 && packet.size() >= kIpv4Header) {
    source = word(12);
    destination = word(16);
    return true;
  }
  if (version != 6 || packet.size() < kIpv6Header) return false;
  source = address6(8);
  destination = address6(24);
  return true;
}

// Changes a bit behind the IP header, which IPv6 has no checksum for.
void Flip(std::span<uint8_t> packet, uint32_t bit) {
  const size_t header = packet[0] >> 4 == 4 ? size_t{4} * (packet[0] & 0xf) : 40;
  if (packet.size() <= header) return;
  const std::span<uint8_t> body = packet.subspan(header);
  const size_t place = bit % (8 * body.size());
  body[place / 8] = static_cast<uint8_t>(body[place / 8] ^ 1u << place % 8);
}

}  // namespace

void Switch::AddHost(const Addresses& addresses, int tun) {
  by_address_[addresses.ipv4] = by_address_[addresses.ipv6] = static_cast<lab::HostId>(ports_.size());
  ports_.push_back({tun, {}});
}

lab::LinkOptions Switch::SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options) {
  const lab::LinkOptions before = LinkOf(a, b).options();
  LinkOf(a, b).set_options(options);
  LinkOf(b, a).set_options(options);
  return before;
}

lab::Link& Switch::LinkOf(lab::HostId from, lab::HostId to) {
  const uint32_t actor = static_cast<uint32_t>(from) << 16 | static_cast<uint32_t>(to);
  return links_.try_emplace({from, to}, actor, lab::LinkOptions()).first->second;
}

lab::HostId Switch::HostOf(const lab::IpAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? -1 : found->second;
}

void Switch::Collect(lab::HostId from, lab::Time now) {
  std::array<uint8_t, kLargestPacket> packet;
  for (int i = 0; i < kMostAtOnce; ++i) {
    const ssize_t length = read(ports_[from].tun, packet.data(), packet.size());
    if (length <= 0) return;
    Take(from, packet.data(), static_cast<size_t>(length), now);
  }
}

void Switch::Take(lab::HostId from, const uint8_t* bytes, size_t length, lab::Time now) {
  // Whatever claims to come from elsewhere goes nowhere.
  lab::IpAddress source;
  lab::IpAddress destination;
  if (!ReadEnds({bytes, length}, source, destination) || HostOf(source) != from) return;
  const lab::HostId to = HostOf(destination);

  if (Reassembly::IsFragment({bytes, length})) {
    std::optional<Reassembly::Packet> complete = ports_[from].reassembly.Add({bytes, length});
    if (!complete) return;
    absl::StatusOr<lab::Packet> packet = lab::FromBytes(complete->whole);
    if (packet.ok()) Judge(from, to, *std::move(packet), std::move(complete->fragments), now);
    return;
  }
  absl::StatusOr<lab::Packet> packet = lab::FromBytes({bytes, length});
  if (packet.ok()) return Judge(from, to, *std::move(packet), {Bytes(bytes, bytes + length)}, now);
  if (to < 0) return;
  Pass(to, LinkOf(from, to).Send(now, length, choices_), lab::Duration::zero(), Bytes(bytes, bytes + length));
}

void Switch::Pass(lab::HostId to, const lab::Passage& passage, lab::Duration delay, Bytes bytes) {
  if (!passage.arrives) return;
  if (passage.flipped) Flip(bytes, *passage.flipped);
  if (passage.duplicated) Queue(to, *passage.arrives + delay, bytes);
  Queue(to, *passage.arrives + delay, std::move(bytes));
}

void Switch::Judge(lab::HostId from, lab::HostId to, lab::Packet packet, std::vector<Bytes> pieces,
                   lab::Time now) {
  lab::PacketEvent event;
  event.sent = now;
  event.from = from;
  event.to = to;
  event.packet = std::move(packet);
  const auto lose = [&](lab::PacketEvent::Fate fate, std::string cause) {
    event.arrived = false;
    event.fate = fate;
    event.cause = std::move(cause);
    trace_.Add(event);
  };
  if (to < 0) return lose(lab::PacketEvent::Fate::kUnclaimed, "no such host");

  const lab::Rules::Judgement judged = rules_.Judge(now, event.packet);
  if (judged.verdict == lab::Verdict::kDrop || judged.verdict == lab::Verdict::kReset) {
    lose(lab::PacketEvent::Fate::kRuled, *judged.name);
    if (judged.verdict == lab::Verdict::kDrop) return;
    for (const lab::Packet& reset : lab::Rules::ResetsFor(event.packet)) SendReset(reset, *judged.name, now);
    return;
  }

  const int copies = judged.verdict == lab::Verdict::kDuplicate ? 2 : 1;
  const lab::Passage passage = SendPieces(std::move(pieces), copies, judged.delay, event);
  if (!passage.arrives || passage.flipped) return lose(lab::PacketEvent::Fate::kLost, passage.cause);
  event.arrives = *passage.arrives + judged.delay;
  if (judged.verdict != lab::Verdict::kPass) {
    event.fate = lab::PacketEvent::Fate::kRuled;
    event.cause = *judged.name;
  }
  for (int i = 0; i < copies + (passage.duplicated ? 1 : 0); ++i) trace_.Add(event);
}

// Of a packet that was cut the pieces that are not lost arrive all the same: the kernel there waits for the others.
lab::Passage Switch::SendPieces(std::vector<Bytes> pieces, int copies, lab::Duration delay,
                                const lab::PacketEvent& event) {
  lab::Link& link = LinkOf(event.from, event.to);
  lab::Passage all = {.arrives = event.sent, .duplicated = true};
  for (Bytes& piece : pieces) {
    const lab::Passage passage = link.Send(event.sent, piece.size(), choices_);
    for (int i = 1; i < copies; ++i) Pass(event.to, passage, delay, piece);
    Pass(event.to, passage, delay, std::move(piece));
    all = Join(all, passage);
  }
  return all;
}

void Switch::SendReset(const lab::Packet& reset, const std::string& cause, lab::Time now) {
  lab::PacketEvent event;
  event.sent = now;
  event.from = HostOf(reset.source.address);
  event.to = HostOf(reset.destination.address);
  event.fate = lab::PacketEvent::Fate::kRuled;
  event.cause = cause;
  event.packet = reset;
  // A fault is not subject to the faults of the link.
  event.arrives = now + LinkOf(event.from, event.to).options().latency;
  trace_.Add(event);
  Queue(event.to, event.arrives, lab::ToBytes(reset));
}

void Switch::Queue(lab::HostId to, lab::Time arrives, Bytes bytes) {
  queue_.emplace(arrives, Parcel{to, std::move(bytes)});
}

void Switch::Deliver(lab::Time now) {
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const Parcel parcel = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    // A host that can't take it drops it, as a network card does.
    (void)!write(ports_[parcel.to].tun, parcel.bytes.data(), parcel.bytes.size());
  }
}

std::optional<lab::Time> Switch::NextArrival() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

}  // namespace real
