// What is done about losses: Linux's tcp_fastretrans_alert, with RACK (RFC 8985), proportional rate reduction (RFC
// 6937), F-RTO (RFC 5682) and the undoing of what was a mistake.
#include <algorithm>

#include "sim/tcp/sender.h"
#include "sim/tcp/sequence.h"
#include "sim/tcp/timestamps.h"

namespace sim::tcp {

// --- RACK ---

void Sender::WidenPatience() {
  loss_->dsack_seen = false;
  loss_->reorder_steps = static_cast<uint8_t>(std::min(loss_->reorder_steps + 1, 255));
  loss_->reorder_persist = 16;
}

// How much later than its successors a segment may come.
Duration Sender::Patience() const {
  const bool enough = loss_->state >= Recovery::kRecovery || sent_.sacked() >= loss_->reordering;
  if (!loss_->reordering_seen && enough) return Duration(0);
  return std::min(rto_.least() / 4 * loss_->reorder_steps, rto_.smoothed());
}

// Marks what is lost by now; returns how long to wait for what may yet come, or 0.
Duration Sender::MarkLate(Time now) {
  const Duration patience = Patience();
  Duration wait{0};
  for (size_t i = 0; i < sent_.size(); ++i) {
    const Sent& sent = sent_[i];
    if (sent.sacked || (sent.lost && !sent.resent)) continue;
    if (!SentAfter(loss_->rack_sent, loss_->rack_end, sent.sent, sent.end())) continue;
    const Duration left = rack_round_trip_ + patience - (now - sent.sent);
    if (left <= Duration(0)) {
      sent_.MarkLost(i);
    } else {
      wait = std::max(wait, left);
    }
  }
  return wait;
}

void Sender::FindLost(Time now, Progress& progress) {
  if (sent_.empty()) return;
  if (!sack_) {
    const bool enough = loss_->state < Recovery::kRecovery && loss_->duplicates >= loss_->reordering;
    const bool next_hole = loss_->state == Recovery::kRecovery && progress.acked > 0;
    if ((enough || next_hole) && !sent_.front().lost) {
      loss_->duplicates = static_cast<uint16_t>(std::min<size_t>(loss_->duplicates, sent_.size() - 1));
      sent_.MarkLost(0);
    }
    return;
  }
  if (!loss_->rack_advanced) return;
  loss_->rack_advanced = false;
  const size_t resent = sent_.resent();
  const Duration wait = MarkLate(now);
  if (wait > Duration(0)) {
    WaitForReordered(now, wait);
    progress.rearm = false;
  }
  progress.lost_again = sent_.resent() < resent;
}

// --- The states of recovery ---

void Sender::WatchLoss(Time now, const Acknowledgement& seen, Progress& progress) {
  BeginLoss();
  if (loss_->dsack_seen) WidenPatience();
  if (loss_->tlp_high) ProcessTailLossProbe(seen, progress);
  const bool dubious = progress.duplicate || progress.sacked || progress.duplicate_reported;
  if (dubious || loss_->state != Recovery::kOpen) Alert(now, seen, progress);
}

void Sender::ProcessTailLossProbe(const Acknowledgement& seen, const Progress& progress) {
  if (Before(seen.ack, *loss_->tlp_high)) return;
  if (!loss_->tlp_resent || progress.tail_reported) {
    loss_->tlp_high.reset();
  } else if (After(seen.ack, *loss_->tlp_high)) {
    // The probe has filled a hole: something was lost.
    BeginReduction();
    loss_->state = Recovery::kReduced;
    EndReduction();
    loss_->state = Recovery::kOpen;
    TryToOpen();
  } else if (progress.duplicate && !progress.sacked) {
    loss_->tlp_high.reset();
  }
}

void Sender::Alert(Time now, const Acknowledgement& seen, Progress& progress) {
  if (loss_->state == Recovery::kOpen) {
    loss_->resent_since.reset();
  } else if (loss_->state == Recovery::kRecovery && !Before(snd_una_, loss_->high_seq)) {
    loss_->duplicates = 0;
    if (TryUndoRecovery(now, seen)) return;
    EndReduction();
  }
  if (loss_->state == Recovery::kRecovery) {
    if (progress.acked == 0 && progress.duplicate) AddDuplicate(progress);
    if (UndoByReports()) TryToOpen();
    FindLost(now, progress);
    if (loss_->state != Recovery::kRecovery && sent_.lost() > 0) EnterRecovery();
    return;
  }
  if (loss_->state == Recovery::kLoss) {
    if (InLoss(now, seen, progress)) return;
    FindLost(now, progress);
    if (loss_->state != Recovery::kOpen && !progress.lost_again) return;
  } else if (!sack_) {
    if (progress.acked > 0) loss_->duplicates = 0;
    if (progress.duplicate) AddDuplicate(progress);
  }
  if (loss_->state <= Recovery::kDisorder) UndoByReports();
  FindLost(now, progress);
  if (sent_.lost() == 0) return TryToOpen();
  EnterRecovery();
}

// F-RTO: whether the timer was wrong shows in what comes next. True where nothing else is to be done now.
bool Sender::InLoss(Time now, const Acknowledgement& seen, Progress& progress) {
  const bool recovered = !Before(snd_una_, loss_->high_seq);
  const bool advanced = progress.acked > 0;
  if (advanced && MayUndo(now, seen)) return UndoLoss();
  if (loss_->frto) {
    if (progress.original) return UndoLoss();
    if (After(snd_nxt_, loss_->high_seq)) {
      if (progress.sacked || progress.duplicate) loss_->frto = false;  // the loss was real
    } else if (advanced && !recovered) {
      loss_->high_seq = snd_nxt_;
      if (MayProbeWithData()) {
        hold_lost_ = true;
        return true;
      }
      loss_->frto = false;
    }
  }
  if (recovered) {
    TryUndoRecovery(now, seen);
    return true;
  }
  if (!sack_) {
    if (After(snd_nxt_, loss_->high_seq) && progress.duplicate) {
      AddDuplicate(progress);
    } else if (advanced) {
      loss_->duplicates = 0;
    }
  }
  return false;
}

// Linux's tcp_try_to_open.
void Sender::TryToOpen() {
  const bool repeated = sent_.resent() > 0 || (!sent_.empty() && sent_.front().ever_resent);
  if (!repeated) loss_->resent_since.reset();
  const bool disorder = sent_.sacked() + sent_.lost() + loss_->duplicates > 0 || repeated;
  const Recovery state = disorder ? Recovery::kDisorder : Recovery::kOpen;
  if (loss_->state == state) return;
  loss_->state = state;
  loss_->high_seq = snd_nxt_;
}

// What the peer doesn't report has to be guessed from its duplicates.
void Sender::AddDuplicate(Progress& progress) {
  if (sack_) return;
  ++progress.delivered;
  if (loss_->duplicates + sent_.lost() < sent_.size()) ++loss_->duplicates;
}

void Sender::BeginUndo() {
  loss_->undo = true;
  loss_->undo_marker = snd_una_;
  loss_->undo_resent = sent_.resent() > 0 ? static_cast<int32_t>(sent_.resent()) : -1;
}

void Sender::BeginReduction() {
  loss_->high_seq = snd_nxt_;
  loss_->tlp_high.reset();
  loss_->prior_window = congestion_.window();
  loss_->prr_delivered = loss_->prr_out = 0;
  congestion_.Reduce();
}

void Sender::EnterRecovery() {
  loss_->prior_threshold = 0;
  BeginUndo();
  if (!loss_->in_reduction()) {
    loss_->prior_threshold = congestion_.current_threshold();
    BeginReduction();
  }
  loss_->state = Recovery::kRecovery;
}

void Sender::EnterLoss(Time now) {
  const bool fresh = loss_->state < Recovery::kRecovery;
  if (sent_.sacked() > 0 && sent_.front().sacked) sent_.ForgetSacked();
  loss_->duplicates = 0;
  for (size_t i = 0; i < sent_.size(); ++i) {
    const bool recent = i > 0 && rack_round_trip_ > now - sent_[i].sent;
    if (!recent) sent_.MarkLost(i);
  }
  const bool first = loss_->state == Recovery::kLoss && loss_->timeouts == 0;
  if (loss_->state <= Recovery::kDisorder || !After(loss_->high_seq, snd_una_) || first) {
    loss_->prior_threshold = congestion_.current_threshold();
    loss_->prior_window = congestion_.window();
    congestion_.Reduce();
    congestion_.OnTimeout();
    BeginUndo();
  }
  congestion_.set_window(in_flight() + 1);
  loss_->state = Recovery::kLoss;
  loss_->high_seq = snd_nxt_;
  loss_->tlp_high.reset();
  loss_->frto = fresh || loss_->timeouts > 0;
}

// Proportional rate reduction: as many leave as arrive, on the way to the threshold.
void Sender::ReduceProportionally(const Progress& progress, size_t newly_lost) {
  if (progress.delivered == 0 || loss_->prior_window == 0) return;
  const int64_t flying = in_flight();
  const int64_t room = int64_t{congestion_.threshold()} - flying;
  loss_->prr_delivered += progress.delivered;
  int64_t count;
  if (room < 0) {
    const uint64_t share = uint64_t{congestion_.threshold()} * loss_->prr_delivered + loss_->prior_window - 1;
    count = static_cast<int64_t>(share / loss_->prior_window) - loss_->prr_out;
  } else {
    count = std::max<int64_t>(int64_t{loss_->prr_delivered} - loss_->prr_out, progress.delivered);
    if (progress.acked > 0 && newly_lost == 0) ++count;
    count = std::min(room, count);
  }
  count = std::max<int64_t>(count, loss_->prr_out > 0 ? 0 : 1);  // the first loss is mended at once
  congestion_.set_window(static_cast<uint32_t>(flying + count));
}

void Sender::EndReduction() {
  if (congestion_.threshold() != UINT32_MAX && (loss_->state == Recovery::kReduced || loss_->undo)) {
    congestion_.set_window(congestion_.threshold());
  }
}

// --- Taking back ---

// Everything that was sent again has been reported twice, or the acknowledgement answers what was sent before that.
bool Sender::MayUndo(Time now, const Acknowledgement& seen) const {
  if (!loss_->undo) return false;
  if (loss_->undo_resent == 0) return true;
  if (seen.echo == 0 || !loss_->resent_since) return false;
  using std::chrono::floor;
  using std::chrono::milliseconds;
  return floor<milliseconds>(now) - SinceTimestamp(now, seen.echo) < floor<milliseconds>(*loss_->resent_since);
}

void Sender::Undo(bool unmark) {
  if (unmark) sent_.ForgetLost();
  if (loss_->prior_threshold != 0) {
    congestion_.set_window(std::max(congestion_.window(), loss_->prior_window));
    congestion_.set_threshold(std::max(congestion_.threshold(), loss_->prior_threshold));
  }
  loss_->undo = false;
  loss_->rack_advanced = true;
}

bool Sender::UndoByReports() {
  if (!loss_->undo || loss_->undo_resent != 0) return false;
  Undo(/*unmark=*/false);
  return true;
}

bool Sender::UndoLoss() {
  Undo(/*unmark=*/true);
  loss_->timeouts = 0;
  const bool hold = !sack_ && snd_una_ == loss_->high_seq;
  if (!hold) loss_->state = Recovery::kOpen;
  return true;
}

// True where recovery goes on: without SACK, until something beyond it is acknowledged.
bool Sender::TryUndoRecovery(Time now, const Acknowledgement& seen) {
  if (MayUndo(now, seen)) {
    Undo(/*unmark=*/false);
  } else if (loss_->reorder_persist > 0 && --loss_->reorder_persist == 0) {
    loss_->reorder_steps = 1;
  }
  if (!sack_ && snd_una_ == loss_->high_seq) return true;
  loss_->state = Recovery::kOpen;
  return false;
}

}  // namespace sim::tcp
