// The sending half of a connection: what was written and not yet acknowledged, what may be sent of it now, and
// what has to be sent again.
//
// The Connection asks Next() for segments until there is none; each counts as sent. Sequence numbers are the
// RFC's: snd_una is the first that is not acknowledged, snd_nxt the first that was never sent. The SYN is the
// Connection's; here it only takes up the number `iss`.
//
// Losses are found as Linux finds them (recovery.cc): by the order in which segments are reported, with some patience
// for reordering (RACK, RFC 8985), by a probe of the tail, and by the timer; F-RTO and DSACK take back what was
// mistaken. Simplifications, all of which show in times alone: no HyStart, no pacing, no ECN.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/types/span.h"
#include "lab/wire/packet.h"
#include "lab/wire/payload.h"
#include "sim/tcp/byte_queue.h"
#include "sim/tcp/congestion.h"
#include "sim/tcp/info.h"
#include "sim/tcp/loss.h"
#include "sim/tcp/rto.h"
#include "sim/tcp/sent_queue.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

class Sender {
 public:
  Sender(uint32_t iss, uint32_t buffer, int retries, CongestionControl control);

  // What a segment of the peer's says about what was sent.
  struct Acknowledgement {
    uint32_t seq = 0;  // of the segment
    uint32_t ack = 0;
    uint32_t window = 0;  // in bytes
    bool bare = false;    // without text, SYN and FIN: may be a duplicate
    bool text_alone = false;  // text in order, with nothing to it, or before it, that calls for a look
    uint32_t echo = 0;  // the timestamp of ours that it gives back; 0: none
    absl::Span<const lab::SackBlock> sack;
  };

  // What is to be sent. Empty, with `seq` already acknowledged, it is a probe of the window.
  struct Segment {
    uint32_t seq = 0;
    uint32_t length = 0;
    bool fin = false;
    bool push = false;
  };

  // The SYN is acknowledged: sending may begin, in segments of `mss` bytes of text. `round_trip` was measured
  // on the handshake; nothing where that was not possible. `sack`: the peer reports what comes ahead of a hole.
  void Start(const Acknowledgement& first, uint16_t mss, bool sack, std::optional<Duration> round_trip);
  // No segment is as it was predicted before the first that was not.
  void set_predicts(bool predicts) { predicts_ = predicts; }

  // Takes as much as there is space for; returns how many bytes that is. With `more` what does not fill a segment
  // waits for the next Write or the peer's next segment.
  size_t Write(const lab::Payload& bytes, bool more = false);
  // The last byte that was written is urgent.
  void MarkUrgent() {
    urgent_ = true;
    urgent_end_ = data_end_;
  }
  // How far ahead of `seq` the urgent byte ends, for the header of a segment there; 0: there is none.
  uint16_t UrgentAhead(uint32_t seq) const { return urgent_ && Before(seq, urgent_end_) ? AheadFrom(seq) : 0; }
  // No byte follows what is queued: the last one is followed by a FIN.
  void Finish() { fin_queued_ = true; }
  // Nothing will be sent any more.
  void Stop();

  // `ack` is at most snd_nxt.
  void OnAcknowledgement(Time now, const Acknowledgement& seen);
  // Something is to be sent, if it may; asked after every segment and call, so it is quick to say no.
  bool has_work() const {
    const bool more = snd_nxt_ != data_end_ + fin_queued_ || sent_.lost() > 0;
    return mss_ != 0 && (more || resend_first_ || tail_probe_due_ || probe_due_);
  }
  // Only where has_work(). `blocks`: the bytes of a segment that what it reports takes from its text.
  std::optional<Segment> Next(Time now, uint32_t blocks);
  // The text of a segment that Next has just given.
  lab::Payload Text(const Segment& segment) const { return buffer_.Slice(segment.seq - snd_una_, segment.length); }

  // False where the peer has not answered for as long as it is given.
  [[nodiscard]] bool OnTimer(Time now);
  Time deadline() const { return deadline_; }  // Time::max() where none is armed
  // The timer does nothing but ask again for a window that the peer keeps closed.
  bool only_probes() const {
    return timer_ == Timer::kProbe && probes_unanswered_ == 0 && user_timeout_ == Milliseconds(0) &&
           !MayProbeWithData();
  }
  // Sends a segment that the peer answers whatever its state.
  void ProbeNow() { probe_due_ = true; }

  // Turning it on sends what waits.
  void SetNoDelay(bool no_delay);
  void set_cork(bool cork) { cork_ = cork; }
  void set_user_timeout(Duration timeout) { user_timeout_ = std::chrono::duration_cast<Milliseconds>(timeout); }
  Duration user_timeout() const { return user_timeout_; }  // 0: not set
  // `deadline`, or sooner where the user timeout of what began at `since` is over sooner.
  Time WithinUserTimeout(Time now, Time deadline, Time since) const;
  void set_buffer(uint32_t bytes) { buffer_size_ = bytes; }
  void set_tail_loss_probe(bool on) { tail_loss_probe_ = on; }
  void set_congestion_control(CongestionControl control) { congestion_.set_control(control); }
  CongestionControl congestion_control() const { return congestion_.control(); }
  // How long to go on without an answer, as in RetransmissionTimeout::GiveUpAfter.
  void set_retries(int retries) { retries_ = static_cast<uint8_t>(std::clamp(retries, 0, 255)); }

  size_t space() const { return buffer_size_ > buffer_.size() ? buffer_size_ - buffer_.size() : 0; }
  size_t unacknowledged() const { return buffer_.size(); }
  size_t unsent() const { return fin_sent() ? 0 : data_end_ - snd_nxt_; }
  // Something waits to be sent or acknowledged.
  bool busy() const { return snd_una_ != snd_nxt_ || unsent() > 0; }
  bool fin_queued() const { return fin_queued_; }
  bool fin_acknowledged() const { return fin_sent() && snd_una_ == snd_nxt_; }
  bool fin_sent() const { return snd_nxt_ == data_end_ + 1; }
  uint32_t snd_una() const { return snd_una_; }
  uint32_t snd_nxt() const { return snd_nxt_; }
  uint32_t max_window() const { return max_window_; }
  Duration rto() const { return rto_.value(); }
  const RetransmissionTimeout& timeout() const { return rto_; }
  uint64_t retransmissions() const { return loss_ != nullptr ? loss_->retransmissions : 0; }
  // Fills in what it knows.
  void Tell(Time now, Info& info) const;

 private:
  using Milliseconds = std::chrono::duration<int32_t, std::milli>;
  enum class Timer : uint8_t { kNone, kRetransmit, kProbe, kReorder, kTailLoss };

  // What a segment of the peer's has changed.
  struct Progress {
    uint32_t acked = 0;      // bytes
    uint32_t delivered = 0;  // segments, acknowledged or reported
    bool duplicate = false;
    bool sacked = false;              // some were reported
    bool duplicate_reported = false;  // DSACK
    bool tail_reported = false;       // DSACK, of the probe of the tail
    bool original = false;            // something that was sent only once has arrived
    bool rearm = false;               // the timer begins anew
    bool lost_again = false;          // what was sent again is lost too
    std::optional<uint32_t> reordered;  // the first that was overtaken
    std::optional<Duration> round_trip;
  };

  // The most text that a segment has now.
  uint32_t full() const { return uint32_t{most_} - blocks_; }
  void SetMaxWindow(uint32_t window);
  uint16_t AheadFrom(uint32_t seq) const;
  uint32_t in_flight() const;  // segments
  uint32_t window_left() const;
  bool in_reduction() const { return loss_ != nullptr && loss_->in_reduction(); }
  uint32_t duplicates() const { return loss_ != nullptr ? loss_->duplicates : 0; }
  bool NagleHolds(uint32_t length) const;
  // The window has space for what waits: only a cork or the congestion window keeps it.
  bool MayProbeWithData() const { return unsent() > 0 && window_left() > 0; }
  void NoteUse(bool limited);
  std::optional<Segment> NextLost(Time now);
  std::optional<Segment> NextNew(Time now);
  Segment SendNew(Time now, uint32_t length, bool fin);
  Segment Resend(Time now, size_t i);
  std::optional<Segment> ResendTail(Time now);
  Segment Again(Time now, size_t i);
  void JoinSmall(size_t i);
  void CutToSize(size_t i);

  // acknowledgement.cc
  bool UpdateWindow(const Acknowledgement& seen);
  void TakeBlocks(Time now, const Acknowledgement& seen, Progress& progress);
  void TakeDuplicateReport(const lab::SackBlock& block, Progress& progress);
  void TakeBlock(Time now, const lab::SackBlock& block, Progress& progress);
  void TakeAcked(Time now, const Acknowledgement& seen, Progress& progress);
  void Measure(Time now, const Acknowledgement& seen, const Progress& progress);
  void NoteReordering(uint32_t low);
  void AdvanceRack(Time now, const Sent& sent);

  // recovery.cc
  void WidenPatience();
  Duration Patience() const;
  Duration MarkLate(Time now);
  void FindLost(Time now, Progress& progress);
  // There is something to remember in loss_.
  void BeginLoss() {
    if (loss_ == nullptr) loss_ = std::make_unique<Loss>();
  }
  void WatchLoss(Time now, const Acknowledgement& seen, Progress& progress);
  void ProcessTailLossProbe(const Acknowledgement& seen, const Progress& progress);
  void Alert(Time now, const Acknowledgement& seen, Progress& progress);
  bool InLoss(Time now, const Acknowledgement& seen, Progress& progress);
  void TryToOpen();
  void AddDuplicate(Progress& progress);
  void BeginUndo();
  void BeginReduction();
  void EnterRecovery();
  void EnterLoss(Time now);
  void ReduceProportionally(const Progress& progress, size_t newly_lost);
  void EndReduction();
  bool MayUndo(Time now, const Acknowledgement& seen) const;
  void Undo(bool unmark);
  bool UndoByReports();
  bool UndoLoss();
  bool TryUndoRecovery(Time now, const Acknowledgement& seen);

  // sender_timers.cc
  void Arm(Timer timer, Time deadline) {
    if (timer != Timer::kProbe) {
      probe_backoff_ = 0;
      probe_due_ = false;
      probing_since_ = Time::min();
    }
    timer_ = timer;
    deadline_ = deadline;
  }
  void ArmRetransmission(Time now);
  // False, and nothing changed, where no probe is of use.
  bool ArmTailProbe(Time now, bool advanced);
  void ArmAfterAcknowledgement(Time now);
  void WaitForReordered(Time now, Duration wait);
  bool OnProbeTimer(Time now);
  bool OnRetransmissionTimer(Time now);
  void OnTailLossTimer(Time now);
  void NoteTailProbe(Time now, bool again);
  void OnReorderTimer(Time now);

  ByteQueue buffer_;  // from snd_una on, but for the FIN
  SentQueue sent_;
  Congestion congestion_;
  RetransmissionTimeout rto_;
  std::unique_ptr<Loss> loss_;  // null: nothing has ever been reported, taken for lost or sent again

  uint32_t buffer_size_;
  uint32_t snd_una_;
  uint32_t snd_nxt_;
  uint32_t data_end_;      // the number after the last byte: the FIN's
  uint32_t snd_wnd_ = 0;
  uint32_t max_window_ = 0;
  uint32_t snd_wl1_ = 0;
  uint32_t urgent_end_ = 0;
  uint32_t small_end_;     // the end of the last segment that was less than full (Minshall's Nagle)
  uint32_t usage_end_;     // until this is acknowledged,
  uint32_t most_out_ = 0;  // so many segments were on their way at most
  uint32_t data_segments_ = 0;
  Milliseconds user_timeout_{0};
  uint16_t mss_ = 0;       // 0: not started
  uint16_t most_ = 0;      // text of a segment without blocks: of mss_ and max_window_
  Timer timer_ = Timer::kNone;
  uint8_t blocks_ = 0;     // as Next was told
  uint8_t retries_;
  uint8_t probes_unanswered_ = 0;
  uint8_t probe_backoff_ = 0;

  bool no_delay_ : 1 = false;
  bool cork_ : 1 = false;
  bool predicts_ : 1 = true;  // Linux's header prediction is on
  bool more_ : 1 = false;     // what does not fill a segment waits for the next Write
  bool burst_ : 1 = false;    // a full segment has just left
  bool push_ : 1 = false;     // what was written before NoDelay was set goes at once
  bool fin_queued_ : 1 = false;
  bool urgent_ : 1 = false;   // the byte before urgent_end_ is
  bool sack_ : 1 = false;
  bool probe_due_ : 1 = false;
  bool tail_loss_probe_ : 1 = true;
  bool tail_probe_due_ : 1 = false;
  bool resend_first_ : 1 = false;   // whatever the congestion window says
  bool hold_lost_ : 1 = false;      // F-RTO sends what is new before it sends again
  bool window_limits_ : 1 = false;  // the congestion window was in full use

  Time deadline_ = Time::max();
  Time last_sent_{0};
  Time probing_since_ = Time::min();  // the first probe of a closed window left; min(): none has
  Duration rack_round_trip_{0};  // of what has arrived last (RACK)

  uint64_t bytes_sent_ = 0;
};

}  // namespace sim::tcp
