#include "sim/tcp/receiver.h"

#include <algorithm>
#include <utility>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

uint16_t Receiver::InitialWindow(uint32_t mss) {
  uint32_t window = std::min<uint32_t>(buffer_, UINT16_MAX);
  if (window > mss) window -= window % mss;
  limit_ = window;
  edge_ = offered_ = rcv_nxt_ + window;
  return static_cast<uint16_t>(window);
}

void Receiver::Start(uint32_t irs, uint8_t scale, uint16_t mss) {
  rcv_nxt_ = irs + 1;
  last_acknowledged_ = rcv_nxt_;
  edge_ = offered_ = rcv_nxt_ + limit_;  // what the SYN offered, where it went before
  scale_ = scale;
  mss_ = mss;
  segment_ = std::clamp<uint16_t>(mss, 88, 536);
}

// Silly-window avoidance (RFC 9293, 3.8.6.2.2): no window rather than a small one.
inline uint32_t Receiver::SelectWindow(size_t used) const {
  const uint32_t free = used < buffer_ ? buffer_ - static_cast<uint32_t>(used) : 0;
  if (free < buffer_ / 2 && (free < buffer_ / 16 || free < std::min<uint32_t>(segment_, buffer_))) return 0;
  return std::min(free, limit_);
}

uint16_t Receiver::TakeWindow() {
  // In whole units, rounded up so as to take nothing back, as Linux does; down where that would be more than the
  // buffer has space for (Linux would run out of memory there, and drop what comes).
  const size_t used = queue_.size();
  const uint32_t wanted = std::max(SelectWindow(used), window());
  uint32_t units = (wanted + (1u << scale_) - 1) >> scale_;
  if (used + (uint64_t{units} << scale_) > buffer_) units = wanted >> scale_;
  units = std::min<uint32_t>(units, UINT16_MAX);

  const uint32_t edge = rcv_nxt_ + (units << scale_);
  // A window too small for the peer's next segment keeps that back as none at all would. Segments are at most of
  // the size agreed on, and of half the window.
  const uint32_t segment = std::min<uint32_t>(mss_, limit_ / 2 + 1);
  const bool is_update = rcv_nxt_ == last_acknowledged_ && After(edge, offered_);
  if (is_update && !finished_ && Before(offered_, rcv_nxt_ + segment)) awaits_probe_ = true;
  offered_ = edge;
  edge_ = Later(edge_, edge);
  last_acknowledged_ = rcv_nxt_;
  acks_.OnAckSent();
  return static_cast<uint16_t>(units);
}

bool Receiver::Take(Time now, uint32_t seq, const lab::Payload& text, bool fin, const RetransmissionTimeout& rto) {
  if (finished_ || (text.empty() && !fin)) return false;
  const bool fits = !Before(seq, rcv_nxt_) && !After(seq + static_cast<uint32_t>(text.size()), edge_);
  if (fits) return TakeWhole(now, seq, text, fin, rto);
  lab::Payload part = text;
  Trim(seq, part, fin);
  return TakeWhole(now, seq, part, fin, rto);
}

bool Receiver::TakeWhole(Time now, uint32_t seq, const lab::Payload& text, bool fin,
                         const RetransmissionTimeout& rto) {
  const uint32_t end = seq + static_cast<uint32_t>(text.size());
  const uint32_t before = rcv_nxt_;
  if (fin || !text.empty()) awaits_probe_ = false;
  if (!text.empty()) {
    if (seq == rcv_nxt_) {
      TakeInOrder(now, text, rto);
    } else {
      if (const auto again = ahead().reassembly.Insert(seq, text)) OnDuplicate(again->begin, again->end);
      ++ahead().segments;
      acks_.Now();
    }
  }
  if (fin && end != rcv_nxt_) ahead().fin = end;
  if ((fin && end == rcv_nxt_) || (ahead_ != nullptr && ahead_->fin == rcv_nxt_)) TakeFin();
  // As Linux: where the window does not advance, the acknowledgement waits for the process to read.
  if (rcv_nxt_ != before) {
    acks_.Schedule(now, OwesSegments() && SelectWindow(queue_.size()) >= offered_ - last_acknowledged_, rto.smoothed());
  }
  return finished_;
}

void Receiver::TakeFin() {
  ++rcv_nxt_;
  finished_ = true;
  if (Before(edge_, rcv_nxt_)) edge_ = rcv_nxt_;  // a bare FIN is taken even by a closed window
  if (ahead_ != nullptr) ahead_->reassembly.Clear();
  acks_.OnFin();
}

// Cuts off what came before, and what lies beyond the window. Either is acknowledged at once: the peer seems not to
// know how far it is.
void Receiver::Trim(uint32_t& seq, lab::Payload& text, bool& fin) {
  if (Before(seq, rcv_nxt_)) {
    acks_.Now();
    OnDuplicate(seq, seq + static_cast<uint32_t>(text.size()) + fin);
    const size_t old = std::min<size_t>(rcv_nxt_ - seq, text.size());
    text.RemovePrefix(old);
    seq += static_cast<uint32_t>(old);
  }
  if (After(seq + static_cast<uint32_t>(text.size()), edge_)) {
    acks_.Now();
    text = text.Slice(0, After(seq, edge_) ? 0 : edge_ - seq);
    fin = false;
  }
}

void Receiver::OnDuplicate(uint32_t begin, uint32_t end) {
  ahead().duplicate = {begin, Before(begin, rcv_nxt_) ? Earlier(end, rcv_nxt_) : end};
}

// RFC 2883: what came twice goes first.
lab::SackBlocks Receiver::TakeSackBlocks(size_t most) {
  lab::SackBlocks blocks;
  if (const auto duplicate = std::exchange(ahead().duplicate, std::nullopt)) blocks.push_back(*duplicate);
  for (const lab::SackBlock& block : ahead().reassembly.Blocks(most - blocks.size())) blocks.push_back(block);
  return blocks;
}

inline void Receiver::TakeInOrder(Time now, const lab::Payload& text, const RetransmissionTimeout& rto) {
  const uint32_t size = static_cast<uint32_t>(text.size());
  segment_ = static_cast<uint16_t>(std::max<uint32_t>(segment_, std::min<uint32_t>(size, mss_)));
  if (size >= segment_) limit_ = std::min(limit_ + 2 * segment_, buffer_);
  acks_.OnData(now, size < segment_, rto.value());
  Append(text);
  if (has_holes()) {
    acks_.Now();
    Append(ahead_->reassembly.TakeAt(rcv_nxt_));
  }
}

inline void Receiver::Append(const lab::Payload& text) {
  rcv_nxt_ += static_cast<uint32_t>(text.size());
  bytes_ += text.size();
  queue_.Append(text);
}

lab::Payload Receiver::Read(size_t length, bool peek) {
  if (length == 0 || queue_.empty()) return {};
  size_t skipped = 0;
  if (urgent_ != nullptr) {
    if (const auto ahead = MarkAhead()) {
      if (*ahead > 0) length = std::min(length, *ahead);
      skipped = *ahead == 0 && !urgent_inline_;
    }
  }
  if (peek) return queue_.Slice(skipped, length);
  if (skipped > 0) queue_.RemovePrefix(skipped);
  lab::Payload bytes = queue_.Take(length);
  if (urgent_ != nullptr) ForgetUrgent();
  if (queue_.empty()) acks_.OnDrained();
  if (OwesSegments()) acks_.Now();
  TellOfWindow();
  return bytes;
}

// Where it has doubled, as Linux does.
inline void Receiver::TellOfWindow() {
  if (finished_ || 2 * uint64_t{window()} > buffer_) return;
  const uint32_t selected = SelectWindow(queue_.size());
  if (selected == 0 || selected < 2 * uint64_t{window()}) return;
  if (updates_) acks_.Now();
  if (!updates_) awaits_probe_ = true;
}

}  // namespace sim::tcp
