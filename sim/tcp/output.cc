// NextSegment: what goes out, and its header.
#include <algorithm>
#include <utility>

#include "sim/tcp/connection.h"
#include "sim/tcp/timestamps.h"

namespace sim::tcp {

bool Connection::TakeSegment(Time now, lab::Packet& packet) {
  if (reset_due_) {
    TakeReset(packet);
    return true;
  }
  if (state_ == State::kClosed) return false;
  if (syn_due_) {
    TakeSyn(now, packet);
    return true;
  }
  const uint32_t blocks = reported();
  if (sender_.has_work()) {
    if (const auto segment = sender_.Next(now, blocks > 0 ? 4 + 8 * blocks : 0)) {
      Build(now, *segment, blocks, packet);
      packet.tcp.urgent = sender_.UrgentAhead(segment->seq);
      packet.tcp.urg = packet.tcp.urgent != 0;
      return true;
    }
  }
  if (!receiver_.acks().due()) return false;
  Build(now, {.seq = snd_nxt()}, blocks, packet);
  return true;
}

// Whatever the packet was, it is one of this connection's now, with an empty header.
void Connection::Blank(lab::Packet& packet, lab::Payload text) {
  ++segments_out_;
  packet.source = local_;
  packet.destination = remote_;
  packet.protocol = lab::Protocol::kTcp;
  packet.hops = remnant_ ? lab::Packet::kUsualHops : kept_.hops;
  packet.type_of_service = kept_.type_of_service;
  packet.tcp = {};
  packet.icmp = {};
  packet.payload = std::move(text);
}

void Connection::Build(Time now, const Sender::Segment& segment, uint32_t blocks, lab::Packet& packet) {
  if (segment.length > 0) receiver_.acks().OnDataSent(now);
  Blank(packet, sender_.Text(segment));
  lab::TcpHeader& tcp = packet.tcp;
  tcp.seq = segment.seq;
  tcp.ack_flag = true;
  tcp.ack = rcv_nxt();
  tcp.fin = segment.fin;
  tcp.psh = segment.push;
  tcp.window = receiver_.TakeWindow();
  if (timestamps_) tcp.timestamps = {TimestampAt(now), recent_timestamp_};
  if (blocks > 0) tcp.sack = receiver_.TakeSackBlocks(blocks);
}

// Forty bytes of options hold four blocks, or three beside the timestamps.
inline uint32_t Connection::reported() const {
  if (!sack_) return 0;
  return static_cast<uint32_t>(std::min<size_t>(receiver_.blocks(), timestamps_ ? 3 : 4));
}

void Connection::TakeReset(lab::Packet& packet) {
  Blank(packet);
  lab::TcpHeader& tcp = packet.tcp;
  tcp.rst = true;
  tcp.seq = reset_seq_;
  tcp.ack_flag = reset_acks_;
  tcp.ack = reset_ack_;
  reset_due_ = false;
}

std::optional<lab::Packet> Connection::ResetFor(const lab::Packet& segment) {
  std::optional<lab::Packet> reset;
  if (segment.tcp.rst) return reset;
  reset.emplace();
  reset->source = segment.destination;
  reset->destination = segment.source;
  reset->tcp.rst = true;
  if (segment.tcp.ack_flag) {
    reset->tcp.seq = segment.tcp.ack;
  } else {
    reset->tcp.ack_flag = true;
    reset->tcp.ack = segment.tcp.seq + segment.sequence_length();
  }
  return reset;
}

}  // namespace sim::tcp
