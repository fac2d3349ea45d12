// SYN-SENT and SYN-RECEIVED: the way to ESTABLISHED.
#include <algorithm>
#include <cerrno>

#include "sim/tcp/connection.h"
#include "sim/tcp/timestamps.h"

namespace sim::tcp {
namespace {

// Linux's tcp_rmem allows 32 MiB: a window has to be able to grow to that.
constexpr uint8_t kWindowScale = 10;
constexpr uint8_t kWindowScaleMost = 14;  // RFC 7323, 2.3
constexpr uint16_t kLeastMss = 48;        // Linux's tcp_min_snd_mss
constexpr Duration kSoon = std::chrono::milliseconds(8);  // two ticks of the kernel's clock
constexpr uint32_t kTimestampsSize = 12;  // the option in every segment, padded

}  // namespace

// What the peer's SYN offers. A SYN that answers ours uses only what ours offered, which is everything.
void Connection::TakeSynOptions(const lab::Packet& syn) {
  const lab::TcpHeader& tcp = syn.tcp;
  peer_mss_ = std::max(tcp.mss.value_or(536), kLeastMss);
  scaling_ = tcp.window_scale.has_value();
  if (scaling_) send_scale_ = std::min(*tcp.window_scale, kWindowScaleMost);
  receive_scale_ = scaling_ ? kWindowScale : 0;
  sack_ = tcp.sack_permitted;
  timestamps_ = tcp.timestamps.has_value();
  if (timestamps_) recent_timestamp_ = tcp.timestamps->value;
  receiver_.Start(tcp.seq, receive_scale_, static_cast<uint16_t>(kept_.mss - (timestamps_ ? kTimestampsSize : 0)));
}

// RFC 9293, 3.10.7.3.
void Connection::OnSegmentInSynSent(Time now, const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  if (tcp.ack_flag && tcp.ack != snd_nxt()) {
    if (tcp.rst) return;
    ResetWith(tcp.ack);
    // Linux hopes that the reset has swept away what was in the SYN's way.
    if (syn_retransmissions_ == 0) deadline_ = now + kSoon;
    return;
  }
  if (tcp.rst) {
    if (tcp.ack_flag) Fail(ECONNREFUSED, Cause::kReset);
    return;
  }
  if (!tcp.syn) return;

  TakeSynOptions(segment);
  if (tcp.ack_flag) {
    Establish(now, tcp, Cause::kSynAck);
    receiver_.acks().Now();
  } else {  // both sides began at once
    Transition(State::kSynReceived, Cause::kSyn);
    syn_due_ = true;
  }
}

// In SYN-RECEIVED: false, and a reset, where the segment acknowledges something else than our SYN.
bool Connection::OnAckOfSyn(Time now, const lab::Packet& segment) {
  if (segment.tcp.ack != snd_nxt()) {
    ResetWith(segment.tcp.ack);
    return false;
  }
  Establish(now, segment.tcp, Cause::kAckOfSyn);
  return true;
}

void Connection::Establish(Time now, const lab::TcpHeader& tcp, Cause cause) {
  Transition(State::kEstablished, cause);
  syn_due_ = false;
  deadline_ = Time::max();
  last_heard_ = now;
  if (keep_alive_ != nullptr) keep_alive_->Start(now);
  const auto mss = static_cast<uint16_t>(std::min(peer_mss_, kept_.mss) - (timestamps_ ? kTimestampsSize : 0));
  const uint32_t window = tcp.syn ? tcp.window : uint32_t{tcp.window} << send_scale_;  // never scaled with a SYN
  std::optional<Duration> round_trip;
  if (syn_retransmissions_ == 0) {
    round_trip = now - syn_sent_;
  } else if (const uint32_t echo = EchoOf(tcp)) {
    round_trip = std::max<Duration>(SinceTimestamp(now, echo), std::chrono::milliseconds(1));
  }
  sender_.Start({.seq = tcp.seq, .ack = tcp.ack, .window = window}, mss, sack_, round_trip);
  // As Linux: it knows the peer's window only as the SYN had it, not scaled yet.
  sender_.set_predicts(!tcp.syn || send_scale_ == 0);
  if (write_shut_) Transition(State::kFinWait1, Cause::kFinish);  // it was closed meanwhile
}

// Linux counts, and for a SYN also takes tcp_syn_retries for the time that they would take if each doubled: the
// linear ones make up for it only where there are many.
bool Connection::HandshakeGivesUp(Time now) const {
  const int sent_again = syn_retransmissions_;
  if (state_ != State::kSynSent) {
    return sent_again >= kept_.synack_retries && (!deferred_ || sent_again >= kept_.defer_accept);
  }
  if (sent_again >= kept_.syn_retries + kept_.syn_linear_timeouts) return true;
  Duration limit = sender_.user_timeout();
  if (limit == Duration(0)) {
    limit = RetransmissionTimeout::GiveUpAfter(kept_.syn_retries, RetransmissionTimeout::kInitial);
  }
  return sent_again > 0 && now - syn_sent_ >= limit;
}

bool Connection::OnHandshakeTimer(Time now) {
  if (!opening() || now < deadline_) return true;
  if (HandshakeGivesUp(now)) return false;
  const bool active = state_ == State::kSynSent;
  ++syn_retransmissions_;
  const bool linear = active && syn_retransmissions_ <= kept_.syn_linear_timeouts;
  if (!linear && SynTimeout() < RetransmissionTimeout::kMost) ++syn_backoff_;
  deadline_ = now + SynTimeout();
  if (active) deadline_ = sender_.WithinUserTimeout(now, deadline_, syn_sent_);
  // Whose last acknowledgement has come is asked again only at the end, for data or for one more.
  syn_due_ = !deferred_ || syn_retransmissions_ >= kept_.defer_accept;
  return true;
}

// TCP_DEFER_ACCEPT: a bare last acknowledgement is dropped, for as long as data may still come.
bool Connection::DefersAccept(const lab::Packet& segment) {
  if (!passive_ || syn_retransmissions_ >= kept_.defer_accept) return false;
  if (segment.tcp.ack != snd_nxt() || segment.tcp.seq + segment.sequence_length() != rcv_nxt()) return false;
  deferred_ = true;
  return true;
}

int DeferAcceptTimeouts(int seconds) {
  if (seconds <= 0) return 0;
  int timeouts = 1;
  while (timeouts < 255 && DeferAcceptSeconds(timeouts) < seconds) ++timeouts;
  return timeouts;
}

int DeferAcceptSeconds(int timeouts) {
  Duration step = RetransmissionTimeout::kInitial;
  Duration total{0};
  for (int i = 0; i < timeouts; ++i) {
    total += step;
    step = std::min(2 * step, RetransmissionTimeout::kMost);
  }
  return static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(total).count());
}

void Connection::TakeSyn(Time now, lab::Packet& packet) {
  const bool answer = state_ == State::kSynReceived;
  syn_due_ = false;
  if (deadline_ == Time::max()) {
    syn_sent_ = now;
    deadline_ = now + SynTimeout();
  }
  Blank(packet);
  lab::TcpHeader& tcp = packet.tcp;
  tcp.seq = snd_una();
  tcp.syn = true;
  tcp.ack_flag = answer;
  tcp.ack = answer ? rcv_nxt() : 0;
  tcp.window = receiver_.InitialWindow(kept_.mss - (timestamps_ ? kTimestampsSize : 0));
  tcp.mss = kept_.mss;
  tcp.sack_permitted = !answer || sack_;
  if (!answer || scaling_) tcp.window_scale = kWindowScale;
  if (!answer || timestamps_) tcp.timestamps = {TimestampAt(now), recent_timestamp_};
}

}  // namespace sim::tcp
