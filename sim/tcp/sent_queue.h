// What has been sent and not yet acknowledged, segment by segment: Linux's retransmission queue with its scoreboard.
//
// The segments are in the order of the sequence and without gaps. Each knows when it left last, and what is known of
// it: reported by the peer (SACK), taken for lost, sent again. The counts are kept as the marks change. A single
// segment without a mark allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lab/sockets/process.h"
#include "sim/engine/fifo.h"

namespace sim::tcp {

struct Sent {
  uint32_t begin;
  uint32_t length : 28;      // with the FIN, where it has one
  bool sacked : 1 = false;
  bool lost : 1 = false;
  bool resent : 1 = false;   // and that is on its way
  bool ever_resent : 1 = false;
  lab::Time sent;            // last

  uint32_t end() const { return begin + length; }
};

class SentQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const Sent& operator[](size_t i) const { return i == 0 ? front_ : more_->behind[i - 1]; }
  const Sent& front() const { return front_; }
  const Sent& back() const { return (*this)[size_ - 1]; }

  size_t sacked() const { return more_ != nullptr ? more_->sacked : 0; }
  size_t lost() const { return more_ != nullptr ? more_->lost : 0; }
  size_t resent() const { return more_ != nullptr ? more_->resent : 0; }
  // The number after the last byte that is reported; the first one's, where none is.
  uint32_t highest_sacked() const { return sacked() > 0 ? more_->highest_sacked : (empty() ? 0 : front().begin); }

  void Add(const Sent& sent) {
    if (size_++ == 0) {
      front_ = sent;
    } else {
      more().behind.push_back(sent);
    }
  }
  void RemoveFront() {
    if (more_ != nullptr) Uncount(front_);
    if (--size_ > 0) front_ = more_->behind.TakeFront();
  }
  // The first bytes of the front one are acknowledged.
  void CutFront(uint32_t begin) {
    front_.length = front_.end() - begin;
    front_.begin = begin;
  }
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
  void Clear() { *this = {}; }

 private:
  // What is behind the front one, and how many have each mark.
  struct More {
    Fifo<Sent> behind;
    uint32_t sacked = 0;
    uint32_t lost = 0;
    uint32_t resent = 0;
    uint32_t highest_sacked = 0;
  };

  More& more() {
    if (more_ == nullptr) more_ = std::make_unique<More>();
    return *more_;
  }
  Sent& At(size_t i) { return i == 0 ? front_ : more_->behind[i - 1]; }
  void Uncount(const Sent& sent);

  Sent front_ = {};             // where size_ is not 0
  std::unique_ptr<More> more_;  // null: there was never a second one, nor a mark
  uint32_t size_ = 0;
};

}  // namespace sim::tcp
