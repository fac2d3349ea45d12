#include "lab/wire/link.h"

#include <algorithm>

namespace lab {

bool Link::HasRoom(Time now, size_t size) {
  while (!queue_.empty() && queue_.front().departs <= now) {
    queued_bytes_ -= queue_.front().size;
    queue_.pop_front();
  }
  if (options_.queue_packets > 0 && queue_.size() >= options_.queue_packets) return false;
  // A packet that is larger than the whole queue still passes where it is alone.
  return options_.queue_bytes == 0 || queue_.empty() || queued_bytes_ + size <= options_.queue_bytes;
}

Time Link::Arrival(Time now, size_t size, Choices& choices) {
  Time departs = std::max(now, free_at_);
  if (options_.bandwidth > 0) {
    departs += Duration(static_cast<int64_t>(size * uint64_t{1'000'000'000} / options_.bandwidth));
  }
  free_at_ = departs;
  if (options_.queue_bytes > 0 || options_.queue_packets > 0) {
    queue_.push_back({departs, size});
    queued_bytes_ += size;
  }

  Time arrives = departs + options_.latency;
  if (options_.jitter > Duration::zero()) {
    // In steps of a microsecond: a choice is 32 bits wide.
    const auto steps = std::chrono::duration_cast<std::chrono::microseconds>(options_.jitter).count();
    arrives += std::chrono::microseconds(choices.Pick(Choice::kJitter, actor_, static_cast<uint32_t>(steps) + 1));
  }
  if (options_.reorder_ppm > 0 && choices.Chance(Choice::kReorder, actor_, options_.reorder_ppm)) {
    ++counts_.reordered;
    return std::max(last_arrival_, arrives) + options_.reorder_delay;
  }
  // In order: a packet never overtakes the one before it.
  last_arrival_ = std::max(last_arrival_, arrives);
  return last_arrival_;
}

Passage Link::Send(Time now, size_t size, Choices& choices) {
  Passage passage;
  ++counts_.sent;
  if (!options_.up || (options_.loss_ppm > 0 && choices.Chance(Choice::kLoss, actor_, options_.loss_ppm))) {
    ++counts_.lost;
    passage.cause = options_.up ? "loss" : "link down";
    return passage;
  }
  const bool bounded = options_.queue_bytes > 0 || options_.queue_packets > 0;
  if (bounded && !HasRoom(now, size)) {
    ++counts_.dropped_by_queue;
    passage.cause = "queue full";
    return passage;
  }
  passage.arrives = Arrival(now, size, choices);
  if (options_.corrupt_ppm > 0 && choices.Chance(Choice::kCorrupt, actor_, options_.corrupt_ppm)) {
    ++counts_.corrupted;
    passage.flipped = choices.Pick(Choice::kCorruptBit, actor_, static_cast<uint32_t>(8 * std::max<size_t>(size, 1)));
    passage.cause = "corrupted";
  }
  if (options_.duplicate_ppm > 0 && choices.Chance(Choice::kDuplicate, actor_, options_.duplicate_ppm)) {
    ++counts_.duplicated;
    passage.duplicated = true;
  }
  return passage;
}

Passage Join(const Passage& whole, const Passage& piece) {
  if (!whole.arrives || whole.flipped) return whole;
  if (!piece.arrives || piece.flipped) return piece;
  Passage joined;
  joined.arrives = std::max(*whole.arrives, *piece.arrives);
  joined.duplicated = whole.duplicated && piece.duplicated;
  return joined;
}

}  // namespace lab
