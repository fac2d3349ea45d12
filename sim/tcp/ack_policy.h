// When to acknowledge: at once, or a little later in the hope that data will carry it (Linux's delayed
// acknowledgements, quick mode and "pingpong" mode).
//
// A connection starts in quick mode: the first kQuick segments are acknowledged at once. A process that
// answers what it reads makes the connection interactive; from then on acknowledgements wait for an answer,
// kLeastDelay or a little longer.
#pragma once

#include <cstdint>

#include "lab/sockets/process.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

class AckPolicy {
 public:
  static constexpr int kQuick = 16;
  static constexpr Duration kLeastDelay = std::chrono::milliseconds(40);
  static constexpr Duration kMostDelay = std::chrono::milliseconds(200);

  // New data came in order. `small`: less than a full segment.
  void OnData(Time now, bool small, Duration rto);
  // The peer's FIN came in order: a short answer or a close is likely to follow.
  void OnFin() { interactive_ = true; }
  // Data leaves, and carries an acknowledgement. Called before OnAckSent.
  void OnDataSent(Time now) {
    if (heard_ && now - last_data_ < delay_) interactive_ = true;
  }
  // A segment with an acknowledgement left.
  void OnAckSent() {
    if (scheduled_ && quick_ > 0 && --quick_ == 0) delay_ = kLeastDelay;
    due_ = scheduled_ = false;
    small_ = 0;
    deadline_ = Time::max();
  }
  // The next acknowledgement is due at once.
  void Now() { due_ = true; }
  // After new data or a FIN: decides whether it is acknowledged at once. `forced`: more than a full segment waits
  // for it. `round_trip`, smoothed, bounds the delay; zero: not known.
  void Schedule(Time now, bool forced, Duration round_trip);
  // A process has read all there was.
  void OnDrained() {
    if (scheduled_ && (small_ > 1 || (small_ == 1 && !interactive_))) due_ = true;
  }
  // TCP_QUICKACK, as in Connection. `all_read`: nothing that has come waits for a process, which may be a reason to
  // acknowledge at once.
  void SetQuick(int value, bool all_read);
  // Does what is due. Harmless before deadline().
  void OnTimer(Time now);

  bool due() const { return due_; }
  bool interactive() const { return interactive_; }
  Duration delay() const { return delay_; }
  Time last_data() const { return last_data_; }
  Time deadline() const { return deadline_; }  // Time::max() where none is armed

 private:
  Duration delay_ = kLeastDelay;
  Time last_data_{0};
  Time deadline_ = Time::max();
  bool due_ : 1 = false;
  bool scheduled_ : 1 = false;    // something is not acknowledged yet
  bool interactive_ : 1 = false;  // Linux's "pingpong" mode
  bool heard_ : 1 = false;        // data has ever come
  uint8_t small_ : 2 = 0;  // segments that were less than full, since the last acknowledgement; 2: or more
  uint8_t quick_ = 0;      // so many more are sent at once
};

}  // namespace sim::tcp
