#include "sim/tcp/sent_queue.h"

#include <algorithm>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

// Half of it spent: each segment moves once on average.
void SentQueue::DropSpent() {
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(first_));
  first_ = 0;
}

size_t SentQueue::Find(uint32_t seq) const {
  const auto begin = segments_.begin() + static_cast<ptrdiff_t>(first_);
  const auto found =
      std::partition_point(begin, segments_.end(), [&](const Sent& each) { return !After(each.end, seq); });
  return static_cast<size_t>(found - begin);
}

void SentQueue::Split(size_t i, uint32_t at) {
  Sent second = At(i);
  At(i).end = at;
  second.begin = at;
  sacked_ += second.sacked;
  lost_ += second.lost;
  resent_ += second.resent;
  segments_.insert(segments_.begin() + static_cast<ptrdiff_t>(first_ + i + 1), second);
}

void SentQueue::Join(size_t i) {
  const Sent second = At(i + 1);
  At(i).end = second.end;
  At(i).ever_resent |= second.ever_resent;
  sacked_ -= second.sacked;
  lost_ -= second.lost;
  resent_ -= second.resent;
  segments_.erase(segments_.begin() + static_cast<ptrdiff_t>(first_ + i + 1));
}

void SentQueue::MarkSacked(size_t i) {
  Sent& sent = At(i);
  if (sent.sacked) return;
  if (sacked_ == 0 || After(sent.end, highest_sacked_)) highest_sacked_ = sent.end;
  sent.sacked = true;
  ++sacked_;
  lost_ -= sent.lost;
  resent_ -= sent.resent;
  sent.lost = sent.resent = false;
}

void SentQueue::MarkLost(size_t i) {
  Sent& sent = At(i);
  if (sent.sacked) return;
  resent_ -= sent.resent;
  sent.resent = false;
  lost_ += !sent.lost;
  sent.lost = true;
}

void SentQueue::MarkResent(size_t i, lab::Time now) {
  Sent& sent = At(i);
  resent_ += !sent.resent;
  sent.resent = sent.ever_resent = true;
  sent.sent = now;
}

void SentQueue::ForgetLost() {
  for (size_t i = 0; i < size(); ++i) At(i).lost = false;
  lost_ = 0;
}

void SentQueue::ForgetSacked() {
  for (size_t i = 0; i < size(); ++i) At(i).sacked = false;
  sacked_ = 0;
}

void SentQueue::Clear() {
  segments_.clear();
  segments_.shrink_to_fit();
  first_ = sacked_ = lost_ = resent_ = 0;
}

}  // namespace sim::tcp
