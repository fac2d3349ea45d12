#include "sim/tcp/sender.h"

#include <algorithm>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

Sender::Sender(uint32_t iss, size_t buffer, int retries)
    : buffer_size_(buffer),
      retries_(retries),
      snd_una_(iss),
      snd_nxt_(iss + 1),
      data_end_(iss + 1),
      small_end_(iss),
      resend_from_(iss),
      resend_to_(iss),
      recover_(iss) {}

void Sender::Start(const Acknowledgement& first, uint32_t mss, std::optional<Duration> round_trip) {
  snd_una_ = snd_nxt_;
  small_end_ = resend_from_ = resend_to_ = recover_ = snd_una_;
  snd_wnd_ = max_window_ = first.window;
  snd_wl1_ = first.seq;
  mss_ = mss;
  congestion_.Start(this->mss());
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
  buffer_.Append(taken == bytes.size() ? bytes : bytes.Slice(0, taken));
  data_end_ += static_cast<uint32_t>(taken);
  return taken;
}

void Sender::SetNoDelay(bool no_delay) {
  no_delay_ = no_delay;
  push_ = no_delay;
}

void Sender::Stop() {
  buffer_.Clear();
  mss_ = 0;
  Arm(Timer::kNone, Time::max());
}

// --- What may be sent now ---

// Linux never sends more than half of the largest window at once, so that the peer can acknowledge in between.
uint32_t Sender::mss() const {
  if (max_window_ <= 536) return std::min(mss_, std::max(max_window_, 48u));
  return std::min(mss_, std::max(max_window_ / 2, 48u));
}

uint32_t Sender::window_left() const {
  const uint32_t end = snd_una_ + snd_wnd_;
  return After(end, snd_nxt_) ? end - snd_nxt_ : 0;
}

// Nagle's algorithm, as Minshall changed it: a small segment waits while another small one is on its way. A cork
// keeps it until its probe is due.
bool Sender::NagleHolds(uint32_t length) const {
  if (length >= mss() || fin_queued_ || push_ || probe_due_) return false;
  return cork_ || more_ || (!no_delay_ && After(small_end_, snd_una_));
}

bool Sender::MayResend() const {
  if (!Before(resend_from_, resend_to_)) return false;
  return resend_now_ || in_flight() + mss() <= congestion_.window();
}

std::optional<Sender::Segment> Sender::Next(Time now) {
  if (mss_ == 0) return std::nullopt;
  if (MayResend()) {
    if (timer_ != Timer::kRetransmit) Arm(Timer::kRetransmit, now + rto_.value());
    last_sent_ = now;
    return Resend();
  }
  const bool more_lost = Before(resend_from_, resend_to_);  // it goes before anything new
  if (!fin_sent() && !more_lost) {
    if (auto segment = NextNew(now)) return segment;
    // Nothing on its way whose acknowledgement would bring the window: it has to be asked for.
    const bool waits = snd_nxt_ != data_end_ || fin_queued_;
    if (waits && timer_ == Timer::kNone) Arm(Timer::kProbe, now + rto_.value());
  }
  if (!probe_due_) return std::nullopt;
  probe_due_ = false;
  return Segment{.seq = snd_una_ - 1, .text = {}, .fin = false, .push = false};
}

std::optional<Sender::Segment> Sender::NextNew(Time now) {
  const uint32_t unsent = data_end_ - snd_nxt_;
  uint32_t length = std::min(unsent, mss());
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
  // Limited transmit (RFC 3042): the first two duplicates let a segment out each.
  const bool recovers = recovering_ || Before(snd_una_, recover_);
  const uint32_t beyond = recovers ? 0 : static_cast<uint32_t>(std::min(duplicates_, 2)) * mss();
  if (in_flight() > 0 && in_flight() + length > congestion_.window() + beyond) return std::nullopt;

  if (in_flight() == 0 && now - last_sent_ > rto_.value()) congestion_.OnIdle(mss());
  Segment segment{.seq = snd_nxt_, .text = buffer_.Slice(snd_nxt_ - snd_una_, length), .fin = fin, .push = false};
  segment.push = length > 0 && length == unsent;
  snd_nxt_ += length + fin;
  bytes_sent_ += length;
  ++data_segments_;
  if (length < mss()) small_end_ = snd_nxt_;
  burst_ = length == mss();
  if (!timed_at_) {
    timed_at_ = now;
    timed_end_ = snd_nxt_;
  }
  if (timer_ != Timer::kRetransmit) Arm(Timer::kRetransmit, now + rto_.value());
  last_sent_ = now;
  probe_due_ = false;
  return segment;
}

Sender::Segment Sender::Resend() {
  const uint32_t left = Before(resend_from_, data_end_) ? data_end_ - resend_from_ : 0;
  const uint32_t length = std::min({mss(), left, resend_to_ - resend_from_});
  Segment segment{.seq = resend_from_, .text = buffer_.Slice(resend_from_ - snd_una_, length)};
  segment.fin = fin_sent() && resend_from_ + length == data_end_;
  segment.push = length > 0 && length == left;
  resend_from_ += length + segment.fin;
  if (After(resend_from_, resend_to_)) resend_to_ = resend_from_;
  resend_now_ = false;
  timed_at_.reset();  // Karn: it would not be known which of the two was acknowledged
  bytes_sent_ += length;
  bytes_retransmitted_ += length;
  ++data_segments_;
  ++retransmissions_;
  return segment;
}

// --- What the peer says ---

void Sender::OnAcknowledgement(Time now, const Acknowledgement& seen) {
  if (mss_ == 0 || Before(seen.ack, snd_una_)) return;
  const bool duplicate = IsDuplicate(seen);
  UpdateWindow(seen);
  probes_unanswered_ = 0;
  more_ = burst_ = false;
  if (seen.ack != snd_una_) return OnAdvance(now, seen);
  if (duplicate) OnDuplicate();
}

void Sender::UpdateWindow(const Acknowledgement& seen) {
  const bool newer = After(seen.ack, snd_una_) || After(seen.seq, snd_wl1_) ||
                     (seen.seq == snd_wl1_ && (seen.window > snd_wnd_ || seen.window == 0));
  if (!newer) return;
  snd_wnd_ = seen.window;
  snd_wl1_ = seen.seq;
  max_window_ = std::max(max_window_, snd_wnd_);
}

// RFC 5681, section 2.
bool Sender::IsDuplicate(const Acknowledgement& seen) const {
  return seen.bare && seen.ack == snd_una_ && snd_una_ != snd_nxt_ && seen.window == snd_wnd_;
}

void Sender::OnDuplicate() {
  ++duplicates_;
  if (recovering_) return congestion_.OnDuplicate(mss());
  if (duplicates_ != 3 || Before(snd_una_, recover_)) return;
  recovering_ = true;
  recover_ = snd_nxt_;
  congestion_.OnLoss(snd_nxt_ - snd_una_, mss());
  ResendOne();
}

void Sender::OnAdvance(Time now, const Acknowledgement& seen) {
  const uint32_t acked = seen.ack - snd_una_;
  const uint32_t was_in_flight = in_flight();
  Measure(now, seen);
  snd_una_ = seen.ack;
  bytes_acked_ += acked;
  buffer_.RemovePrefix(acked);  // the FIN's number is beyond the last byte, and so beyond the buffer
  resend_from_ = Later(resend_from_, snd_una_);
  resend_to_ = Later(resend_to_, resend_from_);
  timeouts_ = 0;
  duplicates_ = 0;

  if (!recovering_) {
    congestion_.OnAcked(acked, was_in_flight, mss());
  } else if (Before(snd_una_, recover_)) {
    congestion_.OnPartlyAcked(acked, mss());
    ResendOne();  // the next hole
  } else {
    recovering_ = false;
    congestion_.OnRecovered(snd_nxt_ - snd_una_, mss());
  }
  if (snd_una_ == snd_nxt_) {
    Arm(Timer::kNone, Time::max());
  } else {
    Arm(Timer::kRetransmit, now + rto_.value());
  }
}

void Sender::Measure(Time now, const Acknowledgement& seen) {
  if (timed_at_ && !Before(seen.ack, timed_end_)) {
    rto_.OnMeasured(now - *timed_at_);
    timed_at_.reset();
  } else if (timeouts_ > 0 && seen.echo) {
    rto_.OnMeasured(*seen.echo);
  }
}

void Sender::ResendOne() {
  resend_from_ = snd_una_;
  resend_to_ = Earlier(snd_una_ + mss(), snd_nxt_);
  resend_now_ = true;
}

// --- Time ---

void Sender::Arm(Timer timer, Time deadline) {
  if (timer != Timer::kProbe) {
    probe_backoff_ = 0;
    probe_due_ = false;
  }
  timer_ = timer;
  deadline_ = deadline;
}

bool Sender::OnTimer(Time now) {
  if (now < deadline_) return true;
  return timer_ == Timer::kProbe ? OnProbeTimer(now) : OnRetransmissionTimer(now);
}

bool Sender::OnProbeTimer(Time now) {
  if (probes_unanswered_ >= retries_) return false;
  ++probes_unanswered_;
  probe_due_ = true;
  deadline_ = now + std::min(rto_.value() * (int64_t{1} << ++probe_backoff_), RetransmissionTimeout::kMost);
  probe_backoff_ = std::min(probe_backoff_, 20);
  return true;
}

bool Sender::OnRetransmissionTimer(Time now) {
  if (timeouts_ == 0) {
    first_timeout_ = now;
    congestion_.OnTimeout(snd_nxt_ - snd_una_, mss());
  } else {
    const Duration patience =
        user_timeout_ != Duration(0) ? user_timeout_ : RetransmissionTimeout::GiveUpAfter(retries_);
    if (now - first_timeout_ >= patience) return false;
  }
  ++timeouts_;
  rto_.BackOff();
  // Everything on its way is taken for lost; what did arrive is acknowledged as soon as the first hole is filled.
  resend_from_ = snd_una_;
  resend_to_ = snd_nxt_;
  resend_now_ = true;
  recovering_ = false;
  recover_ = snd_nxt_;
  duplicates_ = 0;
  deadline_ = WithinUserTimeout(now, now + rto_.value(), first_timeout_);
  return true;
}

Time Sender::WithinUserTimeout(Time now, Time deadline, Time since) const {
  if (user_timeout_ == Duration(0)) return deadline;
  const Time soonest = now + std::chrono::milliseconds(1);
  return std::clamp(since + user_timeout_, soonest, std::max(deadline, soonest));
}

void Sender::Tell(Time now, Info& info) const {
  const uint32_t segment = std::max(mss(), 1u);
  const auto segments = [segment](uint32_t bytes) { return (bytes + segment - 1) / segment; };
  info.recovery = timeouts_ > 0 ? Recovery::kLoss : recovering_ ? Recovery::kRecovery : Recovery::kOpen;
  info.retransmits = static_cast<uint8_t>(std::min(timeouts_, 255));
  info.probes = static_cast<uint8_t>(std::min(probes_unanswered_, 255));
  info.backoff = static_cast<uint8_t>(timer_ == Timer::kProbe ? probe_backoff_ : rto_.backoff());
  info.rto = rto_.value();
  info.send_mss = mss();
  info.unacked = segments(snd_nxt_ - snd_una_);
  info.lost = segments(resend_to_ - resend_from_);
  info.last_data_sent = now - last_sent_;
  info.round_trip = rto_.smoothed();
  info.round_trip_variance = rto_.variance();
  info.least_round_trip = rto_.least();
  info.slow_start_threshold = congestion_.slow_start_threshold() / segment;
  info.congestion_window = congestion_.window() / segment;
  info.total_retransmitted = static_cast<uint32_t>(retransmissions_);
  info.bytes_acked = bytes_acked_;
  info.bytes_sent = bytes_sent_;
  info.bytes_retransmitted = bytes_retransmitted_;
  info.bytes_not_sent = static_cast<uint32_t>(unsent());
  info.data_segments_out = data_segments_;
  info.send_window = snd_wnd_;
}

}  // namespace sim::tcp
