#include "sim/tcp/keep_alive.h"

#include <algorithm>
#include <utility>

namespace sim::tcp {

void KeepAlive::Set(Time now, const KeepAliveOptions& options, Time last_heard) {
  const KeepAliveOptions before = std::exchange(options_, options);
  if (!options.on) return Stop();
  if (!started_) return;
  if (!before.on) {
    deadline_ = now + options.idle;
  } else if (before.idle != options.idle) {
    deadline_ = std::max(now, last_heard + options.idle);
  }
}

void KeepAlive::Start(Time now) {
  started_ = true;
  if (options_.on) deadline_ = now + options_.idle;
}

KeepAlive::Verdict KeepAlive::OnTimer(Time now, Time last_heard, bool busy, Duration user_timeout) {
  if (now < deadline_) return Verdict::kNothing;
  const Duration silent = now - last_heard;
  if (busy || silent < options_.idle) {
    deadline_ = busy ? now + options_.idle : last_heard + options_.idle;
    return Verdict::kNothing;
  }
  const bool given_up = user_timeout == Duration(0) ? unanswered_ >= options_.count
                                                    : silent >= user_timeout && unanswered_ > 0;
  if (given_up) return Verdict::kGiveUp;
  ++unanswered_;
  deadline_ = now + options_.interval;
  return Verdict::kProbe;
}

void KeepAlive::OnHeard(bool only_ack) {
  if (unanswered_ > 0 && only_ack) answered_ = true;
  if (!only_ack) answered_ = false;
  unanswered_ = 0;
}

}  // namespace sim::tcp
