#include "lab/wire/link.h"

#include <algorithm>

namespace lab {

std::optional<Time> Link::Send(Time now, size_t size, Choices& choices) {
  if (!options_.up) return std::nullopt;
  if (options_.loss_ppm > 0 && choices.Chance(Choice::kLoss, actor_, options_.loss_ppm)) return std::nullopt;

  Time departs = std::max(now, free_at_);
  if (options_.bandwidth > 0) {
    departs += Duration(static_cast<int64_t>(size * uint64_t{1'000'000'000} / options_.bandwidth));
  }
  free_at_ = departs;

  Time arrives = departs + options_.latency;
  if (options_.jitter > Duration::zero()) {
    // In steps of a microsecond: a choice is 32 bits wide.
    const auto steps = std::chrono::duration_cast<std::chrono::microseconds>(options_.jitter).count();
    arrives += std::chrono::microseconds(choices.Pick(Choice::kJitter, actor_, static_cast<uint32_t>(steps) + 1));
  }
  // In order: a packet never overtakes the one before it.
  last_arrival_ = std::max(last_arrival_, arrives);
  return last_arrival_;
}

}  // namespace lab
