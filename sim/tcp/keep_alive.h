// SO_KEEPALIVE: when to ask a peer that has been silent whether it is still there, and when to give it up.
//
// As Linux does: the timer looks at how long the peer has been silent only when it expires; data that waits for
// its acknowledgement puts it off, as the retransmission timer watches the peer then.
#pragma once

#include <optional>

#include "lab/sockets/process.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

struct KeepAliveOptions {
  bool on = false;
  Duration idle = std::chrono::hours(2);          // TCP_KEEPIDLE
  Duration interval = std::chrono::seconds(75);   // TCP_KEEPINTVL
  int count = 9;                                  // TCP_KEEPCNT

  bool operator==(const KeepAliveOptions&) const = default;
};

class KeepAlive {
 public:
  enum class Verdict { kNothing, kProbe, kGiveUp };

  // `last_heard`: when the peer's last segment came. Arms the timer where that is due; only turning it on and a new
  // idle time do, as in Linux.
  void Set(Time now, const KeepAliveOptions& options, Time last_heard);
  // The handshake is complete: the first idle time begins.
  void Start(Time now);
  void Stop() { deadline_ = Time::max(); }

  Time deadline() const { return deadline_; }  // Time::max() where none is armed
  // What is due at deadline(). `busy`: data is on its way or waits to be sent. `user_timeout` decides instead of the
  // count where it is not 0.
  Verdict OnTimer(Time now, Time last_heard, bool busy, Duration user_timeout);
  // A segment of the peer's has come; `only_ack`: nothing new in it.
  void OnHeard(bool only_ack);
  int unanswered() const { return unanswered_; }
  // Probes that are answered by nothing but an acknowledgement keep only themselves going: after the first of them,
  // no process sees anything of the next.
  bool matters() const { return unanswered_ > 0 || !answered_; }
  const KeepAliveOptions& options() const { return options_; }

 private:
  KeepAliveOptions options_;
  Time deadline_ = Time::max();
  int unanswered_ = 0;
  bool started_ = false;   // the connection stands
  bool answered_ = false;  // the last probe was, and nothing new has come since
};

}  // namespace sim::tcp
