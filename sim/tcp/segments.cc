// OnSegment: the steps of RFC 9293, 3.10.7.4, in their order, and then what is left to each state.
#include <algorithm>
#include <cerrno>

#include "sim/tcp/connection.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {
namespace {

constexpr uint32_t kClockSlack = 1;  // Linux's TCP_PAWS_WINDOW, in units of the timestamps

}  // namespace

void Connection::OnSegment(Time now, const lab::Packet& segment) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kSynSent) return OnSegmentInSynSent(now, segment);
  if (state_ == State::kTimeWait) return OnSegmentInTimeWait(now, segment);
  const lab::TcpHeader& tcp = segment.tcp;
  ++segments_in_;

  if (state_ == State::kFinWait2 && orphan_) return OnSegmentForOrphan(now, segment);

  // The peer's SYN once more: our answer was lost, or (with an ACK) both sides began at once.
  const bool same_syn = state_ == State::kSynReceived && tcp.syn && !tcp.rst && tcp.seq + 1 == rcv_nxt();
  if (same_syn && !tcp.ack_flag) {
    syn_due_ = true;
    return;
  }
  // Second, before the first as in Linux: a reset is judged by stricter rules.
  if (tcp.rst) return OnReset(now, segment);
  // First: the sequence number. Fourth: a SYN inside the connection. Both get an acknowledgement that tells the
  // peer where we are (RFC 5961's challenge); only of both sides' beginning at once may a SYN come with an ACK.
  if (same_syn) {
    if (!TakeSynAck(now, segment)) return;
  } else {
    const bool acceptable = receiver_.Acceptable(tcp.seq, segment.sequence_length());
    if (IsOld(tcp, kClockSlack) || !acceptable) return OutOfPlace(now, segment);
    if (tcp.syn && state_ == State::kSynReceived) return RefuseSecondSyn(segment);
    if (tcp.syn) return Challenge(now);
  }
  // Fifth.
  if (!tcp.ack_flag) return;
  if (state_ == State::kSynReceived && DefersAccept(segment)) return;
  if (!TakeAck(now, segment)) return;
  // Sixth. Linux, like BSD, takes the urgent pointer to lie behind the urgent byte.
  if (tcp.urg) receiver_.OnUrgent(tcp.seq + tcp.urgent - (tcp.urgent != 0));
  if (receiver_.awaits_urgent()) receiver_.FindUrgent(tcp.seq, segment.payload);
  // Seventh and eighth.
  const bool fin = TakeText(now, segment);
  switch (state_) {
    case State::kEstablished: return InEstablished(fin);
    case State::kFinWait1: return InFinWait1(now, fin);
    case State::kFinWait2: return InFinWait2(now, fin);
    case State::kClosing: return InClosing(now);
    case State::kLastAck: return InLastAck();
    default: return;
  }
}

// In SYN-RECEIVED, the peer's SYN once more and an ACK with it: false where the segment is to be dropped.
bool Connection::TakeSynAck(Time now, const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  if (passive_ && tcp.ack != snd_nxt()) {
    ResetWith(tcp.ack);
    return false;
  }
  const bool simultaneous = !passive_ && segment.sequence_length() == 1 && tcp.ack == snd_nxt();
  if (!simultaneous) {
    Challenge(now);
    return false;
  }
  receiver_.OnDuplicate(tcp.seq, tcp.seq + 1);
  receiver_.acks().Now();
  return true;
}

// PAWS (RFC 7323, 5). `slack`: by how much segments that were sent at once may differ.
bool Connection::IsOld(const lab::TcpHeader& tcp, uint32_t slack) const {
  return timestamps_ && tcp.timestamps && Before(tcp.timestamps->value + slack, recent_timestamp_);
}

// Linux answers one in 500 ms of what may be forged or go back and forth for ever.
void Connection::Challenge(Time now) {
  if (challenged_ != Time::min() && now - challenged_ < kept_.invalid_ratelimit) return;
  challenged_ = now;
  receiver_.acks().Now();
}

// What carries data is repeated by nobody for ever: it is always answered.
void Connection::OutOfPlace(Time now, const lab::Packet& segment) {
  const uint32_t length = segment.sequence_length();
  if (length == 0 || segment.tcp.syn) return Challenge(now);
  if (Before(segment.tcp.seq, rcv_nxt())) receiver_.OnDuplicate(segment.tcp.seq, segment.tcp.seq + length);
  receiver_.acks().Now();
}

// RFC 5961, 3: only a reset in exactly the right place counts; one inside the window is challenged.
void Connection::OnReset(Time now, const lab::Packet& segment) {
  const uint32_t seq = segment.tcp.seq;
  const bool finished = state_ == State::kCloseWait || state_ == State::kClosing || state_ == State::kLastAck;
  const bool exact = seq == rcv_nxt() || seq == receiver_.highest() || (finished && seq + 1 == rcv_nxt());
  if (exact) return Fail(state_ == State::kCloseWait ? EPIPE : ECONNRESET, Cause::kReset);
  if (receiver_.Acceptable(seq, segment.sequence_length())) Challenge(now);
}

// Another connection is wanted while this one has not come to stand: Linux lets go of both.
void Connection::RefuseSecondSyn(const lab::Packet& segment) {
  ResetWith(0, segment.tcp.seq + segment.sequence_length());
  Fail(ECONNRESET, Cause::kAbort);
}

// False where the segment is to be dropped.
bool Connection::TakeAck(Time now, const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  if (state_ == State::kSynReceived) {
    if (!OnAckOfSyn(now, segment)) return false;
  } else if (After(tcp.ack, snd_nxt()) || Before(tcp.ack, snd_una() - sender_.max_window())) {
    Challenge(now);  // never sent, or from long ago
    return false;
  }
  if (timestamps_ && tcp.timestamps && !After(tcp.seq, receiver_.last_acknowledged())) {
    recent_timestamp_ = tcp.timestamps->value;
  }
  const bool bare = segment.payload.empty() && !tcp.syn && !tcp.fin;
  const bool text = !segment.payload.empty() && !tcp.syn && !tcp.fin && !tcp.urg;
  const bool text_alone = text && tcp.seq == rcv_nxt() && receiver_.plain();
  last_heard_ = now;
  if (keep_alive_ != nullptr) keep_alive_->OnHeard(bare && tcp.ack == snd_una());
  const uint32_t window = tcp.syn ? tcp.window : uint32_t{tcp.window} << send_scale_;
  sender_.OnAcknowledgement(
      now,
      {.seq = tcp.seq, .ack = tcp.ack, .window = window, .bare = bare, .text_alone = text_alone,
       .echo = EchoOf(tcp), .sack = tcp.sack});
  return true;
}

// True where the peer's FIN has now come in order.
bool Connection::TakeText(Time now, const lab::Packet& segment) {
  const uint32_t seq = segment.tcp.seq;
  const uint32_t length = static_cast<uint32_t>(segment.payload.size());
  if (length > 0) ++data_segments_in_;
  const bool nobody_sends = state_ == State::kFinWait1 || state_ == State::kFinWait2;
  const bool nobody_reads = orphan_ || read_shut_;
  if (nobody_sends && nobody_reads && length > 0 && After(seq + length, rcv_nxt())) {
    // Nobody will ever have these bytes: the peer is told so.
    ResetWith(segment.tcp.ack);
    Fail(ECONNRESET, Cause::kAbort);
    return false;
  }
  if (receiver_.finished()) {
    const bool again = segment.sequence_length() > 0 && Before(seq, rcv_nxt());
    if (again) OutOfPlace(now, segment);
    return false;
  }
  return receiver_.Take(now, seq, segment.payload, segment.tcp.fin, sender_.timeout());
}

// --- What is left to each state ---

void Connection::InEstablished(bool fin) {
  if (fin) return Transition(State::kCloseWait, Cause::kFin);
}

void Connection::InFinWait1(Time now, bool fin) {
  if (fin) receiver_.acks().Now();
  const bool fin_acked = sender_.fin_acknowledged();
  if (fin_acked && orphan_ && kept_.linger2 < Kept::Milliseconds(0)) {
    ResetWith(snd_nxt());
    return Fail(ECONNRESET, Cause::kAbort);
  }
  if (fin_acked && fin) return EnterTimeWait(now, Cause::kFinAndAck);
  if (fin) return Transition(State::kClosing, Cause::kFin);
  if (fin_acked) {
    Transition(State::kFinWait2, Cause::kAckOfFin);
    if (orphan_) LingerInFinWait2(now);
  }
}

void Connection::InFinWait2(Time now, bool fin) {
  if (!fin) return;
  receiver_.acks().Now();
  EnterTimeWait(now, Cause::kFin);
}

void Connection::InClosing(Time now) {
  if (sender_.fin_acknowledged()) return EnterTimeWait(now, Cause::kAckOfFin);
}

void Connection::InLastAck() {
  if (sender_.fin_acknowledged()) return Transition(State::kClosed, Cause::kAckOfFin);
}

void Connection::EnterTimeWait(Time now, Cause cause) {
  Transition(State::kTimeWait, cause);
  keep_alive_.reset();
  deadline_ = now + kept_.time_wait;
}

// A peer that never finishes would keep an orphan for ever.
void Connection::LingerInFinWait2(Time now) {
  const Duration asked = kept_.linger2 > Kept::Milliseconds(0) ? kept_.linger2 : kept_.fin_timeout;
  deadline_ = now + std::max(asked, 7 * sender_.rto() / 2);
}

// --- TIME-WAIT ---

// The peer sends its FIN again where our acknowledgement was lost; the time begins anew then.
void Connection::OnSegmentInTimeWait(Time now, const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  remnant_ = true;
  if (tcp.rst) {
    if (tcp.seq == rcv_nxt()) Transition(State::kClosed, Cause::kReset);
    return;
  }
  if (tcp.ack_flag || IsOld(tcp)) deadline_ = now + kept_.time_wait;
  const bool expected = !IsOld(tcp) && tcp.seq == rcv_nxt() && segment.sequence_length() == 0;
  if (!expected) OutOfPlace(now, segment);
}

// FIN-WAIT-2 without a process: like TIME-WAIT it waits for nothing but the peer's FIN, and Linux keeps as little of
// it.
void Connection::OnSegmentForOrphan(Time now, const lab::Packet& segment) {
  const lab::TcpHeader& tcp = segment.tcp;
  remnant_ = true;
  const uint32_t length = segment.sequence_length();
  const uint32_t end = tcp.seq + length;
  const uint32_t edge = rcv_nxt() + receiver_.window();
  const bool overlaps = After(end, rcv_nxt()) && Before(tcp.seq, edge);
  const bool in_window = tcp.seq == rcv_nxt() || overlaps || (tcp.seq == edge && length == 0);
  if (IsOld(tcp) || !in_window) return OutOfPlace(now, segment);
  if (tcp.rst) return Transition(State::kClosed, Cause::kReset);
  const bool again = !tcp.syn && (!tcp.ack_flag || !After(end, rcv_nxt()) || length == 0);
  if (again) return;
  if (tcp.syn || !tcp.fin || end != rcv_nxt() + 1) {
    ResetWith(tcp.ack);
    if (!tcp.ack_flag) ResetWith(0, end);
    return Fail(ECONNRESET, Cause::kAbort);
  }
  receiver_.Take(now, tcp.seq, segment.payload, /*fin=*/true, sender_.timeout());
  InFinWait2(now, /*fin=*/true);
}

std::optional<uint32_t> Connection::IssToReopen(const lab::Packet& syn) const {
  const lab::TcpHeader& tcp = syn.tcp;
  if (state_ != State::kTimeWait || !tcp.syn || tcp.ack_flag || tcp.rst || IsOld(tcp)) return std::nullopt;
  const bool newer = timestamps_ && tcp.timestamps && After(tcp.timestamps->value, recent_timestamp_);
  if (!After(tcp.seq, rcv_nxt()) && !newer) return std::nullopt;
  return BeyondAllSent();
}

std::optional<uint32_t> Connection::IssToReplace() const {
  const bool remains = state_ == State::kTimeWait || (state_ == State::kFinWait2 && orphan_);
  return remains && timestamps_ ? std::optional(BeyondAllSent()) : std::nullopt;
}

}  // namespace sim::tcp
