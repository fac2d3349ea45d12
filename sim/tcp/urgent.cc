// Urgent data as Linux has it: one byte out of band, and a mark in the stream where it was.
#include <cerrno>

#include "sim/tcp/receiver.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {

void Receiver::OnUrgent(uint32_t mark) {
  if (Before(mark, rcv_nxt_)) return;  // has been seen
  if (urgent_ != nullptr && !After(mark, urgent_->mark)) return;
  // The byte of before, where it is the next in the stream, gives way to the new one.
  if (at_mark() && !urgent_inline_ && !queue_.empty()) queue_.RemovePrefix(1);
  if (urgent_ == nullptr) urgent_ = std::make_unique<Urgent>();
  *urgent_ = {.mark = mark, .state = Urgent::kAwaited, .byte = 0};
}

void Receiver::FindUrgent(uint32_t seq, const lab::Payload& text) {
  if (text.CopyTo(&urgent_->byte, 1, urgent_->mark - seq) == 1) urgent_->state = Urgent::kReady;
}

int Receiver::ReadUrgent(char& byte, bool peek) {
  if (urgent_ == nullptr || urgent_inline_ || urgent_->state == Urgent::kRead) return -EINVAL;
  if (urgent_->state == Urgent::kAwaited) return -EAGAIN;
  byte = urgent_->byte;
  if (!peek) urgent_->state = Urgent::kRead;
  return 1;
}

std::optional<size_t> Receiver::MarkAhead() const {
  if (urgent_ == nullptr) return std::nullopt;
  const size_t ahead = urgent_->mark - next_to_read();
  if (ahead >= queue_.size()) return std::nullopt;
  return ahead;
}

size_t Receiver::ReadableToMark() const {
  const auto ahead = MarkAhead();
  if (!ahead) return queue_.size();
  return *ahead > 0 ? *ahead : queue_.size() - !urgent_inline_;
}

size_t Receiver::pollable() const { return queue_.size() - (!queue_.empty() && at_mark() && !urgent_inline_); }

size_t Receiver::before_mark() const {
  if (urgent_inline_) return queue_.size();
  return MarkAhead().value_or(queue_.size());
}

// Once what was read lies beyond it.
void Receiver::ForgetUrgent() {
  if (After(next_to_read(), urgent_->mark)) urgent_.reset();
}

}  // namespace sim::tcp
