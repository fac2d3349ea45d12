#include "sim/tcp/congestion.h"

#include <algorithm>

namespace sim::tcp {
namespace {

constexpr uint32_t kMost = 1u << 30;  // beyond any receive window (RFC 7323)

}  // namespace

void NewReno::OnAcked(uint32_t acked, uint32_t in_flight, uint32_t mss) {
  const bool slow_start = window_ < slow_start_threshold_;
  const bool was_used = slow_start ? window_ < 2 * in_flight : window_ < in_flight + mss;
  if (!was_used || window_ >= kMost) return;
  if (slow_start) {
    window_ += std::min(acked, 2 * mss);  // RFC 3465, with L = 2
  } else {
    const uint64_t growth = uint64_t{mss} * std::min(acked, window_) / window_;
    window_ += static_cast<uint32_t>(std::max<uint64_t>(growth, 1));
  }
}

void NewReno::OnLoss(uint32_t in_flight, uint32_t mss) {
  slow_start_threshold_ = std::max(in_flight / 2, 2 * mss);
  window_ = slow_start_threshold_ + 3 * mss;
}

void NewReno::OnPartlyAcked(uint32_t acked, uint32_t mss) {
  window_ = std::max(window_ - std::min(acked, window_), mss);
  if (acked >= mss) window_ += mss;
}

void NewReno::OnRecovered(uint32_t in_flight, uint32_t mss) {
  window_ = std::min(slow_start_threshold_, std::max(in_flight, mss) + mss);
}

void NewReno::OnTimeout(uint32_t in_flight, uint32_t mss) {
  slow_start_threshold_ = std::max(in_flight / 2, 2 * mss);
  window_ = mss;
}

void NewReno::OnIdle(uint32_t mss) {
  slow_start_threshold_ = std::max(slow_start_threshold_, window_ - window_ / 4);
  window_ = std::min(window_, kInitialSegments * mss);
}

}  // namespace sim::tcp
