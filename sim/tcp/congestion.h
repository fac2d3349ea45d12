// How many segments may be on their way at once: Reno (RFC 5681) or CUBIC (RFC 9438), counted in segments and with
// Linux's integer arithmetic.
//
// It knows nothing of sequence numbers: the Sender tells it what became of what was sent. During a recovery the window
// is the Sender's (set_window): proportional rate reduction.
#pragma once

#include <cstdint>
#include <memory>

#include "lab/sockets/process.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

enum class CongestionControl : uint8_t { kCubic, kReno };

class Congestion {
 public:
  static constexpr uint32_t kInitialSegments = 10;  // RFC 6928

  explicit Congestion(CongestionControl control) : control_(control) {}

  // Goes on with the window as it is.
  void set_control(CongestionControl control);
  CongestionControl control() const { return control_; }

  uint32_t window() const { return window_; }
  uint32_t threshold() const { return threshold_; }  // UINT32_MAX: no loss has been seen
  bool in_slow_start() const { return window_ < threshold_; }
  // What the threshold would be if it had to remember the window as it is (Linux's tcp_current_ssthresh).
  uint32_t current_threshold() const;

  void set_window(uint32_t segments) { window_ = segments > 0 ? segments : 1; }
  void set_threshold(uint32_t segments) { threshold_ = segments; }

  // A round trip was measured.
  void OnRoundTrip(Duration round_trip);
  // `acked` segments were acknowledged, outside of recovery, while the window was in full use.
  void OnAcked(Time now, uint32_t acked);
  // A loss: sets the threshold. The window is left to the caller.
  void Reduce();
  // The retransmission timer expired.
  void OnTimeout();
  // Nothing was sent for `idle`, longer than `rto`: what is known about the path is old.
  void OnIdle(Duration idle, Duration rto);

 private:
  struct Cubic {
    uint32_t count = 0;     // the window grows by one in so many segments
    uint32_t last_max = 0;  // the window before the last loss
    uint32_t last_window = 0;
    Time last_time{0};
    uint32_t origin = 0;
    uint32_t k = 0;  // 1/1024 s
    Duration least_delay{0};
    Time epoch{0};  // 0: none has begun
    uint32_t acked = 0;
    uint32_t reno_window = 0;
  };

  Cubic& cubic();
  void UpdateCubic(Time now, uint32_t acked);
  void Grow(uint32_t every, uint32_t acked);

  CongestionControl control_;
  uint32_t window_ = kInitialSegments;
  uint32_t threshold_ = UINT32_MAX;
  uint32_t counted_ = 0;           // segments acknowledged since the window grew last
  std::unique_ptr<Cubic> cubic_;   // from the first loss or the first growth beyond slow start on
};

}  // namespace sim::tcp
