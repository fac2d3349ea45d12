#include "sim/tcp/congestion.h"

#include <algorithm>

namespace sim::tcp {
namespace {

constexpr uint32_t kMost = 1u << 20;  // segments: beyond any receive window (RFC 7323)
constexpr uint32_t kLeast = 2;        // the threshold's

// Linux's tcp_cubic.c, in its fixed point: beta is 717/1024, C 0.4 in 1/1024 s.
constexpr uint32_t kBeta = 717;
constexpr uint32_t kBetaScale = 1'024;
constexpr int kTimeShift = 10;
constexpr uint64_t kCubeScale = 41 * 10;
constexpr uint64_t kCubeFactor = (uint64_t{1} << (10 + 3 * kTimeShift)) / kCubeScale;
constexpr uint32_t kRenoScale = 8 * (kBetaScale + kBeta) / 3 / (kBetaScale - kBeta);
// Its clock ticks that often.
constexpr Duration kTick = std::chrono::milliseconds(4);
constexpr Duration kFresh = std::chrono::seconds(1) / 32;

uint32_t CubicRoot(uint64_t value) {
  uint32_t low = 0;
  uint32_t high = 1u << 21;
  while (low + 1 < high) {
    const uint64_t middle = (low + high) / 2;
    (middle * middle * middle <= value ? low : high) = static_cast<uint32_t>(middle);
  }
  return low;
}

}  // namespace

void Congestion::set_control(CongestionControl control) {
  control_ = control;
  cubic_.reset();
}

Congestion::Cubic& Congestion::cubic() {
  if (cubic_ == nullptr) cubic_ = std::make_unique<Cubic>();
  return *cubic_;
}

uint32_t Congestion::current_threshold() const { return std::max(threshold_, window_ / 2 + window_ / 4); }

void Congestion::OnRoundTrip(Duration round_trip) {
  if (cubic_ == nullptr) return;
  if (cubic_->least_delay == Duration(0) || round_trip < cubic_->least_delay) cubic_->least_delay = round_trip;
}

void Congestion::OnAcked(Time now, uint32_t acked) {
  if (window_ >= kMost) return;
  if (in_slow_start()) {
    const uint32_t grown = std::min(window_ + acked, threshold_);
    acked -= grown - window_;
    window_ = grown;
    if (acked == 0) return;
  }
  if (control_ == CongestionControl::kReno) return Grow(window_, acked);
  UpdateCubic(now, acked);
  Grow(cubic_->count, acked);
}

// Linux's tcp_cong_avoid_ai.
void Congestion::Grow(uint32_t every, uint32_t acked) {
  if (counted_ >= every) {
    counted_ = 0;
    ++window_;
  }
  counted_ += acked;
  if (counted_ >= every) {
    window_ += counted_ / every;
    counted_ %= every;
  }
  window_ = std::min(window_, kMost);
}

void Congestion::UpdateCubic(Time now, uint32_t acked) {
  Cubic& state = cubic();
  state.acked += acked;
  if (state.last_window == window_ && state.epoch != Time(0) && now - state.last_time <= kFresh) return;
  const bool begins = state.epoch == Time(0);
  if (begins || now - state.last_time >= kTick) {
    state.last_window = window_;
    state.last_time = now;
    if (begins) {
      state.epoch = now;
      state.acked = acked;
      state.reno_window = window_;
      const bool beyond = state.last_max <= window_;
      state.k = beyond ? 0 : CubicRoot(kCubeFactor * (state.last_max - window_));
      state.origin = beyond ? window_ : state.last_max;
    }
    const Duration elapsed = now - state.epoch + state.least_delay;
    const auto time = static_cast<uint64_t>(elapsed.count()) / 1'000 * (1 << kTimeShift) / 1'000'000;
    const bool before = time < state.k;
    const uint64_t offset = before ? state.k - time : time - state.k;
    const uint64_t cube = offset * offset * offset;
    const uint64_t delta = offset >= (1u << 17) ? kMost : (kCubeScale * cube) >> (10 + 3 * kTimeShift);
    const uint64_t target = before ? state.origin - std::min<uint64_t>(delta, state.origin) : state.origin + delta;
    state.count = target > window_ ? static_cast<uint32_t>(window_ / (target - window_)) : 100 * window_;
    if (state.last_max == 0) state.count = std::min(state.count, 20u);  // until the first loss
  }
  // Never slower than Reno would be.
  const uint32_t step = std::max((window_ * kRenoScale) >> 3, 1u);
  state.reno_window += state.acked / step;
  state.acked %= step;
  if (state.reno_window > window_) state.count = std::min(state.count, window_ / (state.reno_window - window_));
  state.count = std::max(state.count, 2u);
}

void Congestion::Reduce() {
  counted_ = 0;
  if (control_ == CongestionControl::kReno) {
    threshold_ = std::max(window_ / 2, kLeast);
    return;
  }
  Cubic& state = cubic();
  state.epoch = Time(0);
  // Whoever loses before it has reached its last window makes room for others.
  const bool smaller = window_ < state.last_max;
  state.last_max = smaller ? window_ * (kBetaScale + kBeta) / (2 * kBetaScale) : window_;
  threshold_ = std::max(window_ * kBeta / kBetaScale, kLeast);
}

void Congestion::OnTimeout() {
  counted_ = 0;
  cubic_.reset();
}

void Congestion::OnIdle(Duration idle, Duration rto) {
  threshold_ = current_threshold();
  const uint32_t least = std::min(window_, kInitialSegments);
  for (idle -= rto; idle > Duration(0) && window_ > least; idle -= rto) window_ /= 2;
  window_ = std::max(window_, least);
  counted_ = 0;
}

}  // namespace sim::tcp
