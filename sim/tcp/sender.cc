// What is written, and what of it leaves when.
#include "sim/tcp/sender.h"

#include <algorithm>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

Sender::Sender(uint32_t iss, uint32_t buffer, int retries, CongestionControl control)
    : congestion_(control),
      buffer_size_(buffer),
      snd_una_(iss),
      snd_nxt_(iss + 1),
      data_end_(iss + 1),
      small_end_(iss),
      usage_end_(iss),
      retries_(static_cast<uint8_t>(std::clamp(retries, 0, 255))) {}

void Sender::Start(const Acknowledgement& first, uint16_t mss, bool sack, std::optional<Duration> round_trip) {
  snd_una_ = snd_nxt_;
  small_end_ = usage_end_ = snd_una_;
  snd_wnd_ = first.window;
  snd_wl1_ = first.seq;
  mss_ = mss;
  SetMaxWindow(first.window);
  sack_ = sack;
  if (round_trip) {
    rto_.OnMeasured(*round_trip);
  } else {
    rto_.FallBack();
  }
}

size_t Sender::Write(const lab::Payload& bytes, bool more) {
  more_ = more;
  push_ = burst_ = false;
  const size_t taken = std::min(bytes.size(), space());
  taken == bytes.size() ? buffer_.Append(bytes) : buffer_.Append(bytes.Slice(0, taken));
  data_end_ += static_cast<uint32_t>(taken);
  return taken;
}

void Sender::SetNoDelay(bool no_delay) {
  no_delay_ = no_delay;
  push_ = no_delay;
}

uint16_t Sender::AheadFrom(uint32_t seq) const {
  const uint32_t ahead = urgent_end_ - seq;
  if (ahead < 0x10000) return static_cast<uint16_t>(ahead);
  return After(seq + 0xffff, snd_nxt_) ? 0xffff : 0;
}

void Sender::Stop() {
  buffer_.Clear();
  sent_.Clear();
  mss_ = most_ = 0;
  Arm(Timer::kNone, Time::max());
}

// Linux never sends more than half of the largest window at once, so that the peer can acknowledge in between.
void Sender::SetMaxWindow(uint32_t window) {
  max_window_ = window;
  most_ = static_cast<uint16_t>(std::min<uint32_t>(mss_, std::max(window <= 536 ? window : window / 2, 48u)));
}

uint32_t Sender::in_flight() const {
  if (loss_ == nullptr) return static_cast<uint32_t>(sent_.size());
  const size_t gone = sent_.sacked() + sent_.lost() + loss_->duplicates;
  return static_cast<uint32_t>(sent_.size() + sent_.resent() - std::min(gone, sent_.size()));
}

uint32_t Sender::window_left() const {
  const uint32_t end = snd_una_ + snd_wnd_;
  return After(end, snd_nxt_) ? end - snd_nxt_ : 0;
}

// Nagle's algorithm, as Minshall changed it: a small segment waits while another small one is on its way. A cork
// keeps it until its probe is due.
inline bool Sender::NagleHolds(uint32_t length) const {
  if (length >= full() || fin_queued_ || push_ || urgent_ || probe_due_ || tail_probe_due_) return false;
  return cork_ || more_ || (!no_delay_ && After(small_end_, snd_una_));
}

std::optional<Sender::Segment> Sender::Next(Time now, uint32_t blocks) {
  blocks_ = static_cast<uint8_t>(blocks);
  if (resend_first_ || sent_.lost() > 0) {
    if (auto segment = NextLost(now)) return segment;
  }
  if (!fin_sent()) {
    if (auto segment = NextNew(now)) return segment;
    // Nothing on its way whose acknowledgement would bring the window: it has to be asked for.
    const bool waits = snd_nxt_ != data_end_ || fin_queued_;
    if (waits && timer_ == Timer::kNone) Arm(Timer::kProbe, now + rto_.value());
  }
  if (tail_probe_due_) return ResendTail(now);
  if (!probe_due_) return std::nullopt;
  probe_due_ = false;
  return Segment{.seq = snd_una_ - 1};
}

// --- What is new ---

void Sender::NoteUse(bool limited) {
  const uint32_t out = static_cast<uint32_t>(sent_.size());
  if (Before(snd_una_, usage_end_) && !limited && (window_limits_ || out <= most_out_)) return;
  window_limits_ = limited;
  most_out_ = out;
  usage_end_ = snd_nxt_;
}

inline std::optional<Sender::Segment> Sender::NextNew(Time now) {
  const uint32_t unsent = data_end_ - snd_nxt_;
  uint32_t length = std::min(unsent, full());
  bool fin = fin_queued_ && length == unsent;
  if (length == 0 && !fin) return std::nullopt;

  const uint32_t left = window_left();
  if (length + fin > left) {
    // No small segment because of a small window, but to probe it, or behind full ones of the same burst: Linux cuts
    // them out of one piece.
    if (length <= left) {
      fin = false;
    } else if (probe_due_ || (burst_ && !NagleHolds(left))) {
      length = left;
      fin = false;
    }
    if (length > left || length == 0) return std::nullopt;
  } else if (NagleHolds(length)) {
    return std::nullopt;
  }
  if (sent_.empty() && now - last_sent_ > rto_.value()) congestion_.OnIdle(now - last_sent_, rto_.value());
  if (in_flight() >= congestion_.window() && !probe_due_ && !tail_probe_due_) {
    NoteUse(/*limited=*/true);
    return std::nullopt;
  }
  return SendNew(now, length, fin);
}

Sender::Segment Sender::SendNew(Time now, uint32_t length, bool fin) {
  const Segment segment{.seq = snd_nxt_, .length = length, .fin = fin, .push = length > 0 && length == unsent()};
  const bool first = sent_.empty();
  snd_nxt_ += length + fin;
  sent_.Add({.begin = segment.seq, .length = length + fin, .sent = now});
  bytes_sent_ += length;
  ++data_segments_;
  burst_ = length == full();
  if (!burst_) small_end_ = snd_nxt_;
  if (in_reduction()) ++loss_->prr_out;
  last_sent_ = now;
  probe_due_ = false;
  if (tail_probe_due_) {
    NoteTailProbe(now, /*again=*/false);
  } else if (!ArmTailProbe(now, /*advanced=*/false)) {
    if (first || timer_ == Timer::kTailLoss || timer_ == Timer::kProbe) ArmRetransmission(now);
  }
  NoteUse(in_flight() >= congestion_.window());
  return segment;
}

// --- What goes again ---

std::optional<Sender::Segment> Sender::NextLost(Time now) {
  if (resend_first_) {
    resend_first_ = false;
    if (!sent_.empty()) return Resend(now, 0);
  }
  if (hold_lost_ || loss_->state < Recovery::kRecovery || in_flight() >= congestion_.window()) return std::nullopt;
  for (size_t i = 0; i < sent_.size(); ++i) {
    const Sent& sent = sent_[i];
    if (!sent.lost || sent.resent) continue;
    if (sent.begin != snd_una_ && !Before(sent.begin, snd_una_ + snd_wnd_)) return std::nullopt;
    Segment segment = Resend(now, i);
    if (i == 0 && timer_ != Timer::kReorder) Arm(Timer::kRetransmit, now + rto_.value());
    return segment;
  }
  return std::nullopt;
}

// Small segments that go again may go as one (Linux's tcp_retrans_try_collapse).
void Sender::JoinSmall(size_t i) {
  while (i + 1 < sent_.size() && !sent_[i + 1].sacked) {
    const Sent& next = sent_[i + 1];
    if (Earlier(next.end(), data_end_) - sent_[i].begin > full() || After(next.end(), snd_una_ + snd_wnd_)) return;
    sent_.Join(i);
  }
}

// Where its text leaves no room for what is to be reported now.
void Sender::CutToSize(size_t i) {
  const uint32_t begin = sent_[i].begin;
  if (Earlier(sent_[i].end(), data_end_) - begin > full()) sent_.Split(i, begin + full());
}

Sender::Segment Sender::Resend(Time now, size_t i) {
  JoinSmall(i);
  CutToSize(i);
  sent_.MarkResent(i, now);
  if (loss_->in_reduction()) ++loss_->prr_out;
  loss_->undo_resent = std::max(loss_->undo_resent, 0) + 1;
  if (!loss_->resent_since) loss_->resent_since = now;
  return Again(now, i);
}

// The last segment once more, to hear what has become of those before it.
std::optional<Sender::Segment> Sender::ResendTail(Time now) {
  if (sent_.empty()) {
    tail_probe_due_ = false;
    return std::nullopt;
  }
  NoteTailProbe(now, /*again=*/true);
  const size_t last = sent_.size() - 1;
  CutToSize(last);
  sent_.MarkProbed(last, now);
  return Again(now, last);
}

Sender::Segment Sender::Again(Time now, size_t i) {
  const Sent& sent = sent_[i];
  const uint32_t end = Earlier(sent.end(), data_end_);
  const uint32_t length = Before(sent.begin, end) ? end - sent.begin : 0;
  last_sent_ = now;
  bytes_sent_ += length;
  loss_->bytes_retransmitted += length;
  ++data_segments_;
  ++loss_->retransmissions;
  return {.seq = sent.begin,
          .length = length,
          .fin = After(sent.end(), data_end_),
          .push = length > 0 && end == data_end_};
}

void Sender::Tell(Time now, Info& info) const {
  const Loss& loss = loss_ != nullptr ? *loss_ : Loss();
  info.recovery = loss.state;
  info.retransmits = static_cast<uint8_t>(std::min(loss.timeouts, 255));
  info.probes = probes_unanswered_;
  info.backoff = static_cast<uint8_t>(timer_ == Timer::kProbe ? probe_backoff_ : rto_.backoff());
  info.rto = rto_.value();
  info.send_mss = most_;
  info.unacked = static_cast<uint32_t>(sent_.size());
  info.sacked = static_cast<uint32_t>(sack_ ? sent_.sacked() : loss.duplicates);
  info.lost = static_cast<uint32_t>(sent_.lost());
  info.retransmitted = static_cast<uint32_t>(sent_.resent());
  info.last_data_sent = now - last_sent_;
  info.round_trip = rto_.smoothed();
  info.round_trip_variance = rto_.variance();
  info.least_round_trip = rto_.least();
  info.slow_start_threshold = congestion_.threshold();
  info.congestion_window = congestion_.window();
  info.reordering = loss.reordering;
  info.total_retransmitted = static_cast<uint32_t>(loss.retransmissions);
  // All that was sent once, with the FIN, and is not on its way any more.
  const bool sent_any = bytes_sent_ > 0 || fin_sent();
  if (sent_any) info.bytes_acked = bytes_sent_ - loss.bytes_retransmitted + fin_sent() - (snd_nxt_ - snd_una_);
  info.bytes_sent = bytes_sent_;
  info.bytes_retransmitted = loss.bytes_retransmitted;
  info.bytes_not_sent = static_cast<uint32_t>(unsent());
  info.data_segments_out = data_segments_;
  info.duplicates_reported = loss.duplicates_reported;
  info.send_window = snd_wnd_;
}

}  // namespace sim::tcp
