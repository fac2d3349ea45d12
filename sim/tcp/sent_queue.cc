#include "sim/tcp/sent_queue.h"

#include <algorithm>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

void SentQueue::Uncount(const Sent& sent) {
  more_->sacked -= sent.sacked;
  more_->lost -= sent.lost;
  more_->resent -= sent.resent;
}

size_t SentQueue::Find(uint32_t seq) const {
  if (empty() || After(front_.end(), seq)) return 0;
  if (size_ == 1) return 1;
  const Fifo<Sent>& behind = more_->behind;
  const auto found = std::partition_point(behind.begin(), behind.end(),
                                          [&](const Sent& each) { return !After(each.end(), seq); });
  return 1 + static_cast<size_t>(found - behind.begin());
}

void SentQueue::Split(size_t i, uint32_t at) {
  Sent second = At(i);
  second.length = second.end() - at;
  second.begin = at;
  At(i).length = at - At(i).begin;
  more().sacked += second.sacked;
  more().lost += second.lost;
  more().resent += second.resent;
  more().behind.Insert(i, second);
  ++size_;
}

void SentQueue::Join(size_t i) {
  const Sent second = At(i + 1);
  At(i).length += second.length;
  At(i).ever_resent |= second.ever_resent;
  Uncount(second);
  more_->behind.Erase(i);
  --size_;
}

void SentQueue::MarkSacked(size_t i) {
  Sent& sent = At(i);
  if (sent.sacked) return;
  if (sacked() == 0 || After(sent.end(), more().highest_sacked)) more().highest_sacked = sent.end();
  Uncount(sent);
  sent.sacked = true;
  sent.lost = sent.resent = false;
  ++more().sacked;
}

void SentQueue::MarkLost(size_t i) {
  Sent& sent = At(i);
  if (sent.sacked) return;
  more().resent -= sent.resent;
  sent.resent = false;
  more().lost += !sent.lost;
  sent.lost = true;
}

void SentQueue::MarkResent(size_t i, lab::Time now) {
  Sent& sent = At(i);
  more().resent += !sent.resent;
  sent.resent = sent.ever_resent = true;
  sent.sent = now;
}

void SentQueue::ForgetLost() {
  for (size_t i = 0; i < size(); ++i) At(i).lost = false;
  more().lost = 0;
}

void SentQueue::ForgetSacked() {
  for (size_t i = 0; i < size(); ++i) At(i).sacked = false;
  more().sacked = 0;
}

}  // namespace sim::tcp
