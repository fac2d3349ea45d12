#include "sim/tcp/ack_policy.h"

#include <algorithm>

namespace sim::tcp {

void AckPolicy::OnData(Time now, bool small, Duration rto) {
  const Duration pause = now - last_data_;
  if (!heard_) {
    heard_ = true;
    quick_ = kQuick;
  } else if (pause <= kLeastDelay / 2) {
    delay_ = delay_ / 2 + kLeastDelay / 2;
  } else if (pause < delay_) {
    delay_ = std::min(delay_ / 2 + pause, rto);
  } else if (pause > rto) {
    quick_ = kQuick;  // a sender that begins anew has a small window: help it
  }
  last_data_ = now;
  scheduled_ = true;
  if (small && small_ < 2) ++small_;
}

void AckPolicy::Schedule(Time now, bool forced, Duration round_trip) {
  scheduled_ = true;
  const Duration most = round_trip > Duration(0) ? std::clamp(round_trip, kLeastDelay, kMostDelay) : kMostDelay;
  const Duration delay = std::min(delay_, most);
  // One that is all but due goes now.
  const bool soon = deadline_ != Time::max() && deadline_ <= now + delay / 4;
  if (forced || soon || !heard_ || (quick_ > 0 && !interactive_)) {
    due_ = true;
  } else {
    deadline_ = std::min(deadline_, now + delay);
  }
}

void AckPolicy::SetQuick(int value, bool all_read) {
  interactive_ = value == 0;
  if (value == 0 || !scheduled_) return;
  if (all_read) due_ = true;
  interactive_ = value % 2 == 0;
}

void AckPolicy::OnTimer(Time now) {
  if (now < deadline_) return;
  deadline_ = Time::max();
  due_ = true;
  if (interactive_) {
    interactive_ = false;  // no answer came in time
    delay_ = kLeastDelay;
  } else {
    delay_ = std::min(delay_ * 2, kMostDelay);
  }
}

}  // namespace sim::tcp
