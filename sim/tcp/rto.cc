#include "sim/tcp/rto.h"

#include <algorithm>

namespace sim::tcp {

void RetransmissionTimeout::OnMeasured(lab::Duration round_trip) {
  if (!measured_ || round_trip < least_) least_ = round_trip;
  if (!measured_) {
    measured_ = true;
    smoothed_ = round_trip;
    variance_ = round_trip / 2;
  } else {
    const lab::Duration off = round_trip > smoothed_ ? round_trip - smoothed_ : smoothed_ - round_trip;
    variance_ += (off - variance_) / 4;
    smoothed_ += (round_trip - smoothed_) / 8;
  }
  base_ = std::min(smoothed_ + std::max(4 * variance_, kLeastVariance), kMost);
  backoff_ = 0;
}

void RetransmissionTimeout::BackOff() {
  if (value() < kMost) ++backoff_;
}

lab::Duration RetransmissionTimeout::GiveUpAfter(int retries, lab::Duration first) {
  lab::Duration total = first;
  lab::Duration step = first;
  for (int i = 0; i < retries; ++i) {
    step = std::min(step * 2, kMost);
    total += step;
  }
  return total;
}

}  // namespace sim::tcp
