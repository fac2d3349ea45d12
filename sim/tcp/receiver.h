// The receiving half of a connection: what has arrived, the window that is offered, and when to acknowledge.
//
// Guarantees: what was offered is taken, even where a later segment had to offer less (by less than one unit of
// the window's scale); and no more than the buffer's size is ever held.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "lab/wire/packet.h"
#include "lab/wire/payload.h"
#include "sim/tcp/ack_policy.h"
#include "sim/tcp/byte_queue.h"
#include "sim/tcp/reassembly.h"
#include "sim/tcp/rto.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {

class Receiver {
 public:
  explicit Receiver(uint32_t buffer) : buffer_(buffer) {}

  // The window for a SYN, unscaled: whole segments of `mss`, as Linux offers at first.
  uint16_t InitialWindow(uint32_t mss);
  // The peer's SYN has come, with its number; both offered a scale, and ours is `scale` (or 0). `mss` is the
  // most that the peer will put into a segment.
  void Start(uint32_t irs, uint8_t scale, uint16_t mss);

  // The window for a segment that goes out now, scaled; that segment acknowledges all that has come.
  uint16_t TakeWindow();

  // RFC 9293, 3.10.7.4, first: whether a segment overlaps the window. As Linux does, also one that lies before it
  // but not before the last acknowledgement.
  bool Acceptable(uint32_t seq, uint32_t length) const {
    return !Before(seq + length, last_acknowledged_) && !After(seq, edge_);
  }

  // Takes the text of a segment, and its FIN: keeps what is new and inside the window, and schedules the
  // acknowledgement. True where the peer's FIN has now come in order. `rto` and its smoothed round trip bound the
  // delay.
  bool Take(Time now, uint32_t seq, const lab::Payload& text, bool fin, const RetransmissionTimeout& rto);

  // What came once more: the next acknowledgement says so (RFC 2883).
  void OnDuplicate(uint32_t begin, uint32_t end);

  // Up to `length` bytes that came in order; with `peek` they stay. Stops before an urgent byte, and steps over it.
  lab::Payload Read(size_t length, bool peek);
  // From now on Read tells the peer of no window, as in Linux: it has to ask.
  void StopUpdates() { updates_ = false; }
  // Bytes that one Read would give.
  size_t readable() const { return urgent_ == nullptr ? queue_.size() : ReadableToMark(); }
  size_t pollable() const;  // all that has come, but for an urgent byte that is next
  size_t unread() const { return queue_.size(); }
  // FIONREAD: up to the urgent mark.
  size_t before_mark() const;

  // Urgent data (urgent.cc). The segment at `seq` says that the urgent byte has the number `mark`.
  void OnUrgent(uint32_t mark);
  // The urgent byte was announced and has not come.
  bool awaits_urgent() const { return urgent_ != nullptr && urgent_->state == Urgent::kAwaited; }
  // Takes it, where it is in this text. Only where it is awaited.
  void FindUrgent(uint32_t seq, const lab::Payload& text);
  // MSG_OOB: 1, -EAGAIN where the byte has not come, -EINVAL where there is none.
  int ReadUrgent(char& byte, bool peek);
  void set_urgent_inline(bool in_line) { urgent_inline_ = in_line; }
  bool urgent_ready() const { return urgent_ != nullptr && urgent_->state == Urgent::kReady; }
  // The urgent byte, whether or not it has come or was read, is the next in the stream, or so many bytes ahead.
  bool at_mark(size_t ahead = 0) const {
    return urgent_ != nullptr && urgent_->mark == next_to_read() + static_cast<uint32_t>(ahead);
  }
  bool finished() const { return finished_; }  // the peer's FIN has come in order

  // What was offered is taken all the same.
  void set_buffer(uint32_t bytes) { buffer_ = bytes; }

  uint32_t rcv_nxt() const { return rcv_nxt_; }
  uint32_t last_acknowledged() const { return last_acknowledged_; }
  uint32_t window() const { return edge_ - rcv_nxt_; }
  uint32_t limit() const { return limit_; }
  uint32_t segment() const { return segment_; }
  uint64_t bytes() const { return bytes_; }  // that came in order, over the whole life
  uint32_t out_of_order() const { return ahead_ != nullptr ? ahead_->segments : 0; }
  // A window that was too small for a segment was opened, by an update or in silence, and nothing new has come since:
  // the peer may have missed it.
  bool awaits_probe() const { return awaits_probe_; }
  // The blocks to report, `most` at the most.
  lab::SackBlocks TakeSackBlocks(size_t most);
  size_t blocks() const {  // that there are to report
    return ahead_ != nullptr ? ahead_->reassembly.size() + ahead_->duplicate.has_value() : 0;
  }
  // The number after the last byte that has come, ahead of holes or not.
  uint32_t highest() const { return has_holes() ? ahead_->reassembly.end() : rcv_nxt_; }
  // Neither a hole nor an urgent byte has to be looked at with the next text.
  bool plain() const { return !has_holes() && urgent_ == nullptr; }
  bool has_holes() const { return ahead_ != nullptr && !ahead_->reassembly.empty(); }

  AckPolicy& acks() { return acks_; }
  const AckPolicy& acks() const { return acks_; }

 private:
  struct Urgent {
    uint32_t mark;  // its number
    enum : uint8_t { kAwaited, kReady, kRead } state;
    char byte;
  };

  // What has come out of its order.
  struct Ahead {
    Reassembly reassembly;                     // ahead of a hole
    std::optional<uint32_t> fin;               // its number, where it came ahead of a hole
    std::optional<lab::SackBlock> duplicate;   // what came once more, until that is reported
    uint32_t segments = 0;                     // that came ahead of a hole
  };

  Ahead& ahead() {
    if (ahead_ == nullptr) ahead_ = std::make_unique<Ahead>();
    return *ahead_;
  }
  // Linux's copied_seq.
  uint32_t next_to_read() const { return rcv_nxt_ - finished_ - static_cast<uint32_t>(queue_.size()); }
  // How far the mark lies ahead of the next byte to read, where it is among those that have come.
  std::optional<size_t> MarkAhead() const;
  size_t ReadableToMark() const;
  void ForgetUrgent();
  uint32_t SelectWindow(size_t used) const;
  void TellOfWindow();
  bool TakeWhole(Time now, uint32_t seq, const lab::Payload& text, bool fin, const RetransmissionTimeout& rto);
  void Trim(uint32_t& seq, lab::Payload& text, bool& fin);
  void TakeInOrder(Time now, const lab::Payload& text, const RetransmissionTimeout& rto);
  void TakeFin();
  void Append(const lab::Payload& text);
  // More than a full segment is not acknowledged.
  bool OwesSegments() const { return rcv_nxt_ - last_acknowledged_ > segment_; }

  ByteQueue queue_;
  AckPolicy acks_;
  std::unique_ptr<Ahead> ahead_;    // null: nothing has ever
  std::unique_ptr<Urgent> urgent_;  // few connections have it
  uint64_t bytes_ = 0;
  uint32_t buffer_;
  uint32_t limit_ = 0;          // of the window; grows with full segments, up to buffer_ (Linux's rcv_ssthresh)
  uint32_t rcv_nxt_ = 0;
  uint32_t last_acknowledged_ = 0;
  uint32_t edge_ = 0;           // the first number beyond the windows that were offered
  uint32_t offered_ = 0;        // the same for the last one alone
  uint16_t mss_ = 536;
  uint16_t segment_ = 536;      // the largest seen
  uint8_t scale_ = 0;
  bool finished_ : 1 = false;
  bool awaits_probe_ : 1 = false;
  bool updates_ : 1 = true;
  bool urgent_inline_ : 1 = false;
};

}  // namespace sim::tcp
