#include "lab/trace/packet_labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lab {

PacketLabels::PacketLabels(const Trace& trace) {
  for (const Event& event : trace.events()) {
    if (const auto* packet = std::get_if<PacketEvent>(&event)) words_.push_back(Follow(*packet));
  }
}

std::string PacketLabels::Next(const PacketEvent& event) {
  const Words& words = words_[next_++];
  const Packet& packet = event.packet;
  const bool plain = !packet.tcp.syn && !packet.tcp.rst;
  std::string label = Describe(packet);
  if (packet.protocol == Protocol::kIcmp) return label;
  if (plain && troubled_.count(ConnectionOf(packet)) > 0) {
    if (packet.sequence_length() > 0) {
      absl::StrAppend(&label, ", seq ", words.relative_seq);
    } else {
      absl::StrAppend(&label, " ", words.relative_ack);
    }
  }
  if (words.again) label += packet.sequence_length() > 0 ? " again" : " (probe)";
  if (plain && packet.tcp.ack_flag && packet.tcp.window == 0) label += ", window 0";
  if (connections_[HostsOf(event)].size() > 1) label = absl::StrCat(":", ClientPort(packet), " ", label);
  return label;
}

PacketLabels::Words PacketLabels::Follow(const PacketEvent& event) {
  const Packet& packet = event.packet;
  const TcpHeader& tcp = packet.tcp;
  if (packet.protocol == Protocol::kIcmp) return {};
  if (packet.protocol == Protocol::kUdp) {
    // Whoever sent first is the client.
    if (connections_[HostsOf(event)].insert(ConnectionOf(packet)).second) {
      clients_.insert({packet.source, packet.destination});
    }
    return {};
  }
  Direction& direction = directions_[{packet.source, packet.destination}];
  const Direction& back = directions_[{packet.destination, packet.source}];
  if (tcp.syn && !tcp.ack_flag) clients_.insert({packet.source, packet.destination});
  connections_[HostsOf(event)].insert(ConnectionOf(packet));

  Words words;
  const uint32_t end = tcp.seq + packet.sequence_length();
  if (!direction.seen || (tcp.syn && tcp.seq != direction.isn)) {
    direction = {true, tcp.syn || tcp.rst ? tcp.seq : tcp.seq - 1, end};
  } else if (!tcp.rst) {
    const auto news = static_cast<int32_t>(end - direction.end);
    // A bare ACK that stands one before what comes next asks for an answer: a probe.
    words.again = packet.sequence_length() > 0 ? news <= 0 : news < 0;
    if (news > 0) direction.end = end;
  }
  words.relative_seq = tcp.seq - direction.isn;
  words.relative_ack = back.seen ? tcp.ack - back.isn : tcp.ack;
  if (packet.sequence_length() > 0 && !tcp.syn && (words.again || !event.arrived)) {
    troubled_.insert(ConnectionOf(packet));
  }
  return words;
}

uint16_t PacketLabels::ClientPort(const Packet& packet) const {
  if (clients_.count({packet.source, packet.destination}) > 0) return packet.source.port;
  if (clients_.count({packet.destination, packet.source}) > 0) return packet.destination.port;
  return std::max(packet.source.port, packet.destination.port);
}

}  // namespace lab
