#include "sim/tcp/sent_queue.h"

#include <algorithm>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

void SentQueue::AddBehind(const Sent& sent) {
  if (rest_ == nullptr) rest_ = std::make_unique<Fifo<Sent>>();
  rest_->push_back(sent);
}

size_t SentQueue::Find(uint32_t seq) const {
  if (empty() || After(front_.end(), seq)) return 0;
  if (size_ == 1) return 1;
  const auto found = std::partition_point(rest_->begin(), rest_->end(),
                                          [&](const Sent& each) { return !After(each.end(), seq); });
  return 1 + static_cast<size_t>(found - rest_->begin());
}

void SentQueue::Split(size_t i, uint32_t at) {
  Sent second = At(i);
  second.length = second.end() - at;
  second.begin = at;
  At(i).length = at - At(i).begin;
  sacked_ += second.sacked;
  lost_ += second.lost;
  resent_ += second.resent;
  if (rest_ == nullptr) rest_ = std::make_unique<Fifo<Sent>>();
  rest_->Insert(i, second);
  ++size_;
}

void SentQueue::Join(size_t i) {
  const Sent second = At(i + 1);
  At(i).length += second.length;
  At(i).ever_resent |= second.ever_resent;
  sacked_ -= second.sacked;
  lost_ -= second.lost;
  resent_ -= second.resent;
  rest_->Erase(i);
  --size_;
}

void SentQueue::MarkSacked(size_t i) {
  Sent& sent = At(i);
  if (sent.sacked) return;
  if (sacked_ == 0 || After(sent.end(), highest_sacked_)) highest_sacked_ = sent.end();
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

}  // namespace sim::tcp
