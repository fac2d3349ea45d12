// What an acknowledgement says: what has arrived, what was reported, how long it took. What is done about losses stands
// in recovery.cc. Linux's tcp_ack, tcp_sacktag_write_queue and tcp_clean_rtx_queue.
#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "sim/tcp/sender.h"
#include "sim/tcp/sequence.h"
#include "sim/tcp/timestamps.h"

namespace sim::tcp {
namespace {

constexpr uint32_t kMostReordering = 300;

}  // namespace

void Sender::OnAcknowledgement(Time now, const Acknowledgement& seen) {
  if (mss_ == 0 || Before(seen.ack, snd_una_)) return;
  Progress progress;
  const size_t lost_before = sent_.lost();
  probes_unanswered_ = 0;
  // Linux's fast path: text that acknowledges nothing new has nothing sent.
  const uint32_t window_before = snd_wnd_;
  const bool predicted =
      predicts_ && seen.text_alone && seen.ack == snd_una_ && seen.window == snd_wnd_ && seen.sack.empty();
  if (!predicted) more_ = false;
  burst_ = hold_lost_ = false;
  const bool updated = UpdateWindow(seen);
  if (seen.text_alone || snd_wnd_ != window_before) predicts_ = true;
  if (sack_ && !seen.sack.empty()) TakeBlocks(now, seen, progress);
  if (seen.ack != snd_una_) TakeAcked(now, seen, progress);
  const bool duplicate = seen.bare && !updated && progress.acked == 0 && !progress.duplicate_reported;
  progress.duplicate = duplicate && !sent_.empty();
  Measure(now, seen, progress);
  if (progress.duplicate || loss_ != nullptr) WatchLoss(now, seen, progress);
  if (progress.rearm) ArmAfterAcknowledgement(now);
  const bool used = window_limits_ || (congestion_.in_slow_start() && congestion_.window() < 2 * most_out_);
  if (in_reduction()) {
    ReduceProportionally(progress, sent_.lost() > lost_before ? sent_.lost() - lost_before : 0);
  } else if (used && (progress.acked > 0 || (progress.sacked && loss_->reordering > Loss::kUsualReordering))) {
    congestion_.OnAcked(now, progress.delivered);
  }
}

bool Sender::UpdateWindow(const Acknowledgement& seen) {
  const bool newer = After(seen.ack, snd_una_) || After(seen.seq, snd_wl1_) ||
                     (seen.seq == snd_wl1_ && (seen.window > snd_wnd_ || seen.window == 0));
  if (!newer) return false;
  snd_wnd_ = seen.window;
  snd_wl1_ = seen.seq;
  if (snd_wnd_ > max_window_) SetMaxWindow(snd_wnd_);
  return true;
}

// --- The scoreboard ---

inline void Sender::AdvanceRack(Time now, const Sent& sent) {
  const Duration round_trip = now - sent.sent;
  if (sent.ever_resent && round_trip < rto_.least()) return;  // it was the first one that arrived
  rack_round_trip_ = round_trip;
  if (loss_ == nullptr) return;  // before there is one, segments arrive in the order in which they were sent
  loss_->rack_advanced = true;
  if (!SentAfter(sent.sent, sent.end(), loss_->rack_sent, loss_->rack_end)) return;
  loss_->rack_sent = sent.sent;
  loss_->rack_end = sent.end();
}

void Sender::TakeBlocks(Time now, const Acknowledgement& seen, Progress& progress) {
  BeginLoss();
  absl::Span<const lab::SackBlock> blocks = seen.sack;
  const bool inside_next = blocks.size() > 1 && !After(blocks[0].end, blocks[1].end) &&
                           !Before(blocks[0].begin, blocks[1].begin);
  if (Before(blocks[0].begin, seen.ack) || inside_next) {
    TakeDuplicateReport(blocks[0], progress);
    blocks.remove_prefix(1);
  }
  absl::InlinedVector<lab::SackBlock, 4> sorted(blocks.begin(), blocks.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return Before(a.begin, b.begin); });
  for (const lab::SackBlock& block : sorted) TakeBlock(now, block, progress);
  if (progress.reordered && (loss_->state != Recovery::kLoss || loss_->undo)) NoteReordering(*progress.reordered);
  progress.reordered.reset();
}

// RFC 2883: the peer has got something twice.
void Sender::TakeDuplicateReport(const lab::SackBlock& block, Progress& progress) {
  ++loss_->duplicates_reported;
  ++progress.delivered;
  progress.duplicate_reported = true;
  progress.tail_reported = loss_->tlp_high && loss_->tlp_resent && block.end == *loss_->tlp_high;
  if (!progress.tail_reported) loss_->dsack_seen = true;
  if (!loss_->undo || loss_->undo_resent <= 0 || !After(block.end, loss_->undo_marker)) return;
  if (!After(block.end, snd_una_)) --loss_->undo_resent;
  for (size_t i = sent_.Find(block.begin); i < sent_.size() && !After(sent_[i].end(), block.end); ++i) {
    if (sent_[i].ever_resent && loss_->undo_resent > 0) --loss_->undo_resent;
  }
}

void Sender::TakeBlock(Time now, const lab::SackBlock& block, Progress& progress) {
  const bool valid = After(block.end, block.begin) && !After(block.end, snd_nxt_) && After(block.begin, snd_una_);
  if (!valid) return;
  for (size_t i = sent_.Find(block.begin); i < sent_.size() && !After(sent_[i].end(), block.end); ++i) {
    const Sent sent = sent_[i];
    if (sent.sacked || Before(sent.begin, block.begin)) continue;
    progress.sacked = true;
    ++progress.delivered;
    if (!sent.ever_resent) {
      // Whoever comes behind what was reported before, without having been sent again, was overtaken.
      if (Before(sent.begin, sent_.highest_sacked()) && !progress.reordered) progress.reordered = sent.begin;
      if (!After(sent.end(), loss_->high_seq)) progress.original = true;
      if (!progress.round_trip) progress.round_trip = now - sent.sent;
    }
    AdvanceRack(now, sent);
    sent_.MarkSacked(i);
  }
}

void Sender::TakeAcked(Time now, const Acknowledgement& seen, Progress& progress) {
  Time first = Time::max();  // of those that were sent once
  bool repeated = false;
  uint32_t segments = 0;
  for (; !sent_.empty() && Before(sent_.front().begin, seen.ack); sent_.RemoveFront(), ++segments) {
    const Sent& sent = sent_.front();
    if (After(sent.end(), seen.ack)) {
      sent_.CutFront(seen.ack);
      break;
    }
    repeated |= sent.ever_resent;
    if (!sent.ever_resent && !sent.sacked) {
      if (first == Time::max()) first = sent.sent;
      if (!progress.reordered) progress.reordered = sent.begin;
      if (loss_ != nullptr && !After(sent.end(), loss_->high_seq)) progress.original = true;
    }
    if (!sent.sacked && sack_) {
      ++progress.delivered;
      AdvanceRack(now, sent);
    }
  }
  progress.acked = seen.ack - snd_una_;
  progress.rearm = segments > 0;
  if (first != Time::max() && !repeated) progress.round_trip = now - first;
  if (!sack_ && segments > 0) {
    const uint32_t counted = duplicates();
    progress.delivered += segments > counted ? segments - counted : 1;
  }
  if (sack_ && progress.reordered && sent_.sacked() > 0 && Before(*progress.reordered, sent_.highest_sacked())) {
    NoteReordering(*progress.reordered);
  }
  snd_una_ = seen.ack;
  if (urgent_ && !Before(snd_una_, urgent_end_)) urgent_ = false;
  buffer_.RemovePrefix(progress.acked);  // the FIN's number is beyond the last byte, and so beyond the buffer
  if (loss_ != nullptr) loss_->timeouts = 0;
}

void Sender::Measure(Time now, const Acknowledgement& seen, const Progress& progress) {
  std::optional<Duration> round_trip = progress.round_trip;
  if (!round_trip && progress.acked > 0 && seen.echo != 0) {
    round_trip = std::max<Duration>(SinceTimestamp(now, seen.echo), std::chrono::milliseconds(1));
  }
  if (!round_trip) return;
  rto_.OnMeasured(*round_trip);
  congestion_.OnRoundTrip(*round_trip);
}

void Sender::NoteReordering(uint32_t low) {
  const uint32_t highest = sent_.highest_sacked();
  if (!Before(low, highest)) return;
  loss_->reordering_seen = true;
  const uint32_t segments = (highest - low + most_ - 1) / most_;
  if (segments > loss_->reordering) loss_->reordering = static_cast<uint16_t>(std::min(segments, kMostReordering));
}

}  // namespace sim::tcp
