// What has been sent and not yet acknowledged, segment by segment: Linux's retransmission queue with its scoreboard.
//
// The segments are in the order of the sequence and without gaps. Each knows when it left last, and what is known of
// it: reported by the peer (SACK), taken for lost, sent again. The counts are kept as the marks change. A single
// segment allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lab/sockets/process.h"
#include "sim/tcp/fifo.h"

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
  const Sent& operator[](size_t i) const { return i == 0 ? front_ : (*rest_)[i - 1]; }
  const Sent& front() const { return front_; }
  const Sent& back() const { return (*this)[size_ - 1]; }

  size_t sacked() const { return sacked_; }
  size_t lost() const { return lost_; }
  size_t resent() const { return resent_; }
  // The number after the last byte that is reported; the first one's, where none is.
  uint32_t highest_sacked() const { return sacked_ > 0 ? highest_sacked_ : (empty() ? 0 : front().begin); }

  void Add(const Sent& sent) {
    if (size_++ > 0) return AddBehind(sent);
    front_ = sent;
  }
  void RemoveFront() {
    sacked_ -= front_.sacked;
    lost_ -= front_.lost;
    resent_ -= front_.resent;
    if (--size_ > 0) front_ = rest_->TakeFront();
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
  Sent& At(size_t i) { return i == 0 ? front_ : (*rest_)[i - 1]; }
  void AddBehind(const Sent& sent);

  Sent front_ = {};                   // where size_ is not 0
  std::unique_ptr<Fifo<Sent>> rest_;  // null before there were two
  uint32_t size_ = 0;
  uint32_t sacked_ = 0;
  uint32_t lost_ = 0;
  uint32_t resent_ = 0;
  uint32_t highest_sacked_ = 0;
};

}  // namespace sim::tcp
