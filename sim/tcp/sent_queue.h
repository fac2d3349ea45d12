// What has been sent and not yet acknowledged, segment by segment: Linux's retransmission queue with its scoreboard.
//
// The segments are in the order of the sequence and without gaps. Each knows when it left last, and what is known of
// it: reported by the peer (SACK), taken for lost, sent again. The counts are kept as the marks change.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "lab/sockets/process.h"

namespace sim::tcp {

struct Sent {
  uint32_t begin;
  uint32_t end;      // with the FIN, where it has one
  lab::Time sent;    // last
  bool sacked = false;
  bool lost = false;
  bool resent = false;       // and that is on its way
  bool ever_resent = false;
};

class SentQueue {
 public:
  bool empty() const { return first_ == segments_.size(); }
  size_t size() const { return segments_.size() - first_; }
  const Sent& operator[](size_t i) const { return segments_[first_ + i]; }
  const Sent& front() const { return segments_[first_]; }
  const Sent& back() const { return segments_.back(); }

  size_t sacked() const { return sacked_; }
  size_t lost() const { return lost_; }
  size_t resent() const { return resent_; }
  // The number after the last byte that is reported; the first one's, where none is.
  uint32_t highest_sacked() const { return sacked_ > 0 ? highest_sacked_ : (empty() ? 0 : front().begin); }

  void Add(const Sent& sent) { segments_.push_back(sent); }
  void RemoveFront() {
    const Sent& sent = front();
    sacked_ -= sent.sacked;
    lost_ -= sent.lost;
    resent_ -= sent.resent;
    ++first_;
    if (empty()) {
      segments_.clear();
      first_ = 0;
    } else if (first_ * 2 > segments_.size()) {
      DropSpent();
    }
  }
  // The first bytes of the front one are acknowledged.
  void CutFront(uint32_t begin) { segments_[first_].begin = begin; }
  // The index of the segment that holds the number, or size().
  size_t Find(uint32_t seq) const;
  // Cuts the segment in two; the second begins at `at`.
  void Split(size_t i, uint32_t at);
  // Joins the segment with the one behind it.
  void Join(size_t i);

  void MarkSacked(size_t i);
  // Linux's tcp_mark_skb_lost: whose repetition is lost too may be sent again.
  void MarkLost(size_t i);
  void MarkResent(size_t i, lab::Time now);
  // Sent again as a probe, without being taken for lost.
  void MarkProbed(size_t i, lab::Time now) {
    At(i).ever_resent = true;
    At(i).sent = now;
  }
  void ForgetLost();
  // The peer has let go of what it had reported.
  void ForgetSacked();
  void Clear();

 private:
  Sent& At(size_t i) { return segments_[first_ + i]; }
  void DropSpent();

  absl::InlinedVector<Sent, 1> segments_;  // those before first_ are spent
  uint32_t first_ = 0;
  uint32_t sacked_ = 0;
  uint32_t lost_ = 0;
  uint32_t resent_ = 0;
  uint32_t highest_sacked_ = 0;
};

}  // namespace sim::tcp
