// The sender's timer, which is one of four at a time, as in Linux: retransmission, the probe of a closed window, the
// probe of the tail, and the patience for what may only have been reordered.
#include <algorithm>

#include "sim/tcp/sender.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {
namespace {

constexpr Duration kSoonest = std::chrono::milliseconds(8);  // two ticks of the kernel's clock

}  // namespace

void Sender::ArmRetransmission(Time now) {
  if (sent_.empty()) return Arm(Timer::kNone, Time::max());
  const bool counts_from_sending = timer_ == Timer::kReorder || timer_ == Timer::kTailLoss;
  const Time deadline = counts_from_sending ? std::max(sent_.front().sent + rto_.value(), now + kSoonest / 2)
                                            : now + rto_.value();
  Arm(Timer::kRetransmit, deadline);
}

// RFC 8985, 7.2: after two round trips without a word, a probe may tell what is lost sooner than the timer does. A
// single segment's acknowledgement may be delayed.
bool Sender::ArmTailProbe(Time now, bool advanced) {
  if (!tail_loss_probe_ || !sack_ || sent_.empty()) return false;
  if (loss_ != nullptr && loss_->state != Recovery::kOpen && loss_->state != Recovery::kReduced) return false;
  Duration wait = RetransmissionTimeout::kInitial;
  if (rto_.measured()) {
    wait = 2 * rto_.smoothed() + (sent_.size() == 1 ? RetransmissionTimeout::kLeastVariance : kSoonest);
  }
  const Duration until_timeout = advanced ? rto_.value() : sent_.front().sent + rto_.value() - now;
  if (until_timeout > Duration(0)) wait = std::min(wait, until_timeout);
  Arm(Timer::kTailLoss, now + wait);
  return true;
}

void Sender::ArmAfterAcknowledgement(Time now) {
  if (!ArmTailProbe(now, /*advanced=*/true)) ArmRetransmission(now);
}

Time Sender::WithinUserTimeout(Time now, Time deadline, Time since) const {
  if (user_timeout_ == Milliseconds(0)) return deadline;
  const Time soonest = now + std::chrono::milliseconds(1);
  return std::clamp(since + user_timeout_, soonest, std::max(deadline, soonest));
}

bool Sender::OnTimer(Time now) {
  if (now < deadline_) return true;
  switch (timer_) {
    case Timer::kNone: return true;
    case Timer::kProbe: return OnProbeTimer(now);
    case Timer::kRetransmit: return OnRetransmissionTimer(now);
    case Timer::kTailLoss: OnTailLossTimer(now); return true;
    case Timer::kReorder: OnReorderTimer(now); return true;
  }
  return true;
}

bool Sender::OnProbeTimer(Time now) {
  if (probing_since_ == Time::min()) probing_since_ = now;
  if (user_timeout_ != Milliseconds(0) && now - probing_since_ >= user_timeout_) return false;
  if (probes_unanswered_ >= retries_) return false;
  ++probes_unanswered_;
  probe_due_ = true;
  if (probe_backoff_ < 20) ++probe_backoff_;
  const Duration wait = std::min(rto_.value() * (int64_t{1} << probe_backoff_), RetransmissionTimeout::kMost);
  deadline_ = WithinUserTimeout(now, now + wait, probing_since_);
  return true;
}

bool Sender::OnRetransmissionTimer(Time now) {
  BeginLoss();
  if (loss_->timeouts > 0 && loss_->resent_since) {
    const Duration patience =
        user_timeout_ != Milliseconds(0) ? user_timeout_ : RetransmissionTimeout::GiveUpAfter(retries_);
    if (now - *loss_->resent_since >= patience) return false;
  }
  EnterLoss(now);
  ++loss_->timeouts;
  rto_.BackOff();
  resend_first_ = true;
  if (!loss_->resent_since) loss_->resent_since = now;
  Arm(Timer::kRetransmit, WithinUserTimeout(now, now + rto_.value(), *loss_->resent_since));
  return true;
}

void Sender::OnTailLossTimer(Time now) {
  if (loss_ != nullptr && loss_->tlp_high) return ArmRetransmission(now);
  tail_probe_due_ = true;
  Arm(Timer::kRetransmit, now + rto_.value());
}

void Sender::NoteTailProbe(Time now, bool again) {
  BeginLoss();
  tail_probe_due_ = false;
  loss_->tlp_resent = again;
  loss_->tlp_high = snd_nxt_;
  Arm(Timer::kRetransmit, now + rto_.value());
}

void Sender::OnReorderTimer(Time now) {
  const uint32_t before = in_flight();
  const Duration wait = MarkLate(now);
  if (in_flight() != before && loss_->state != Recovery::kRecovery) {
    EnterRecovery();
    Progress one;
    one.delivered = 1;
    ReduceProportionally(one, /*newly_lost=*/0);
  }
  if (wait > Duration(0)) {
    Arm(Timer::kReorder, now + wait + kSoonest);
  } else {
    ArmRetransmission(now);
  }
}

void Sender::WaitForReordered(Time now, Duration wait) {
  Arm(Timer::kReorder, now + std::min(wait + kSoonest, rto_.value()));
}

}  // namespace sim::tcp
