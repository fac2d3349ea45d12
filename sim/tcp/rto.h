// How long to wait for an acknowledgement before sending again: RFC 6298, with Linux's bounds.
#pragma once

#include "lab/sockets/process.h"

namespace sim::tcp {

class RetransmissionTimeout {
 public:
  // Linux's: RFC 6298 asks for a second at the least, Linux for 200 ms beyond the smoothed round trip.
  static constexpr lab::Duration kLeastVariance = std::chrono::milliseconds(200);
  static constexpr lab::Duration kInitial = std::chrono::seconds(1);
  static constexpr lab::Duration kMost = std::chrono::seconds(120);
  // After a handshake that took more than one SYN and so told nothing about the round trip.
  static constexpr lab::Duration kFallback = std::chrono::seconds(3);

  // A round trip was measured, on a segment that was sent once or told apart by timestamps: ends the backing
  // off.
  void OnMeasured(lab::Duration round_trip);
  // It expired: waits twice as long next time.
  void BackOff();
  void FallBack() { base_ = kFallback; }

  lab::Duration value() const { return base_ * (1 << backoff_) < kMost ? base_ * (1 << backoff_) : kMost; }

  lab::Duration smoothed() const { return smoothed_; }
  lab::Duration variance() const { return variance_; }
  lab::Duration least() const { return least_; }  // 0: none was measured
  int backoff() const { return backoff_; }
  bool measured() const { return measured_; }

  // How long Linux goes on sending again before it gives up: as long as `retries` retransmissions would take, the
  // first after `first` (tcp_retries2 is a number that stands for this time).
  static lab::Duration GiveUpAfter(int retries, lab::Duration first = kLeastVariance);

 private:
  lab::Duration base_ = kInitial;
  lab::Duration smoothed_{0};
  lab::Duration variance_{0};
  lab::Duration least_{0};
  bool measured_ = false;
  int backoff_ = 0;
};

}  // namespace sim::tcp
