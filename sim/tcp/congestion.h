// How much may be on its way at once: NewReno (RFC 5681, RFC 6582), counted in bytes.
//
// It knows nothing of sequence numbers: the Sender tells it what became of what was sent, and asks window().
// Another control (CUBIC) answers the same events; the times it needs would come with them.
#pragma once

#include <cstdint>

namespace sim::tcp {

class NewReno {
 public:
  static constexpr uint32_t kInitialSegments = 10;  // RFC 6928

  void Start(uint32_t mss) { window_ = kInitialSegments * mss; }

  uint32_t window() const { return window_; }
  uint32_t slow_start_threshold() const { return slow_start_threshold_; }

  // `acked` new bytes were acknowledged, outside of recovery; `in_flight` is what was on its way before. A
  // window that was not used does not grow.
  void OnAcked(uint32_t acked, uint32_t in_flight, uint32_t mss);
  // Three duplicates: a segment is lost and later ones arrive.
  void OnLoss(uint32_t in_flight, uint32_t mss);
  // A further duplicate during recovery: one more segment has left the network.
  void OnDuplicate(uint32_t mss) { window_ += mss; }
  // `acked` new bytes during recovery, but not all that was sent before the loss.
  void OnPartlyAcked(uint32_t acked, uint32_t mss);
  // All that was sent before the loss is acknowledged.
  void OnRecovered(uint32_t in_flight, uint32_t mss);
  // The retransmission timer expired, the first time in a row.
  void OnTimeout(uint32_t in_flight, uint32_t mss);
  // Nothing was sent for longer than the retransmission timeout: what is known about the path is old.
  void OnIdle(uint32_t mss);

 private:
  uint32_t window_ = 0;
  uint32_t slow_start_threshold_ = UINT32_MAX;
};

}  // namespace sim::tcp
