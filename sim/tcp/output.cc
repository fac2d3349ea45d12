// NextSegment: what goes out, and its header.
#include <algorithm>

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
  if (sender_.has_work() && TakeFromSender(now, blocks, packet)) return true;
  if (!receiver_.acks().due()) return false;
  Build(now, snd_nxt(), blocks, packet);
  return true;
}

inline bool Connection::TakeFromSender(Time now, uint32_t blocks, lab::Packet& packet) {
  const auto segment = sender_.Next(now, blocks > 0 ? 4 + 8 * blocks : 0);
  if (!segment) return false;
  if (segment->length > 0) receiver_.acks().OnDataSent(now);
  Build(now, segment->seq, blocks, packet);
  packet.tcp.fin = segment->fin;
  packet.tcp.psh = segment->push;
  packet.tcp.urgent = sender_.UrgentAhead(segment->seq);
  packet.tcp.urg = packet.tcp.urgent != 0;
  packet.payload = sender_.Text(*segment);
  return true;
}

// Whatever the packet was, it is one of this connection's now, with nothing in it.
void Connection::Blank(lab::Packet& packet) {
  ++segments_out_;
  packet.source = local_;
  packet.destination = remote_;
  packet.protocol = lab::Protocol::kTcp;
  packet.hops = remnant_ ? lab::Packet::kUsualHops : kept_.hops;
  packet.type_of_service = kept_.type_of_service;
  packet.tcp = {};
  packet.icmp = {};
  packet.payload.Clear();
}

void Connection::Build(Time now, uint32_t seq, uint32_t blocks, lab::Packet& packet) {
  Blank(packet);
  lab::TcpHeader& tcp = packet.tcp;
  tcp.seq = seq;
  tcp.ack_flag = true;
  tcp.ack = rcv_nxt();
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
