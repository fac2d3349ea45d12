// NextSegment: what goes out, and its header.
#include <algorithm>
#include <utility>

#include "sim/tcp/connection.h"

namespace sim::tcp {

std::optional<lab::Packet> Connection::NextSegment(Time now) {
  if (reset_due_) return TakeReset();
  if (state_ == State::kClosed) return std::nullopt;
  if (syn_due_) return TakeSyn(now);
  if (sender_.has_work()) {
    if (std::optional<lab::Packet> packet = TakeFromSender(now)) return packet;
  }
  if (receiver_.acks().due()) return Build(now, snd_nxt());
  return std::nullopt;
}

std::optional<lab::Packet> Connection::TakeFromSender(Time now) {
  auto segment = sender_.Next(now, reported() > 0 ? 4 + 8 * reported() : 0);
  if (!segment) return std::nullopt;
  if (!segment->text.empty()) receiver_.acks().OnDataSent(now);
  std::optional<lab::Packet> packet = Build(now, segment->seq);
  packet->tcp.fin = segment->fin;
  packet->tcp.psh = segment->push;
  packet->tcp.urgent = sender_.UrgentAhead(segment->seq);
  packet->tcp.urg = packet->tcp.urgent != 0;
  packet->payload = std::move(segment->text);
  return packet;
}

// Made in place: a Packet is 200 bytes.
std::optional<lab::Packet> Connection::Blank() {
  ++segments_out_;
  std::optional<lab::Packet> packet(std::in_place);
  packet->source = local_;
  packet->destination = remote_;
  if (!remnant_) packet->hops = kept_.hops;
  packet->type_of_service = kept_.type_of_service;
  return packet;
}

std::optional<lab::Packet> Connection::Build(Time now, uint32_t seq) {
  std::optional<lab::Packet> packet = Blank();
  lab::TcpHeader& tcp = packet->tcp;
  tcp.seq = seq;
  tcp.ack_flag = true;
  tcp.ack = rcv_nxt();
  tcp.window = receiver_.TakeWindow();
  if (timestamps_) tcp.timestamps = {TimestampAt(now), recent_timestamp_};
  if (const uint32_t blocks = reported()) tcp.sack = receiver_.TakeSackBlocks(blocks);
  return packet;
}

// Forty bytes of options hold four blocks, or three beside the timestamps.
uint32_t Connection::reported() const {
  if (!sack_) return 0;
  return static_cast<uint32_t>(std::min<size_t>(receiver_.blocks(), timestamps_ ? 3 : 4));
}

std::optional<lab::Packet> Connection::TakeReset() {
  std::optional<lab::Packet> packet = Blank();
  lab::TcpHeader& tcp = packet->tcp;
  tcp.rst = true;
  tcp.seq = reset_due_->seq;
  tcp.ack_flag = reset_due_->ack.has_value();
  tcp.ack = reset_due_->ack.value_or(0);
  reset_due_.reset();
  return packet;
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

// In milliseconds, as Linux counts; never 0, which says "none" in an echo.
uint32_t Connection::TimestampAt(Time now) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + 1;
}

std::optional<Duration> Connection::Echo(Time now, const lab::TcpHeader& tcp) const {
  if (!timestamps_ || !tcp.timestamps || tcp.timestamps->echo == 0) return std::nullopt;
  return std::chrono::milliseconds(TimestampAt(now) - tcp.timestamps->echo);
}

}  // namespace sim::tcp
