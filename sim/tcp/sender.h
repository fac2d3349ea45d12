// The sending half of a connection: what was written and not yet acknowledged, what may be sent of it now, and
// what has to be sent again.
//
// The Connection asks Next() for segments until there is none; each counts as sent. Sequence numbers are the
// RFC's: snd_una is the first that is not acknowledged, snd_nxt the first that was never sent. The SYN is the
// Connection's; here it only takes up the number `iss`.
//
// Simplifications: loss is found by duplicate acknowledgements and by the timer (no RACK, no tail loss probe,
// and the peer's SACK blocks are not used): several losses in one window take a round trip each to mend, where
// Linux takes one or two. A program notices the time, not the bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "lab/wire/packet.h"
#include "lab/wire/payload.h"
#include "sim/tcp/byte_queue.h"
#include "sim/tcp/congestion.h"
#include "sim/tcp/info.h"
#include "sim/tcp/rto.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

class Sender {
 public:
  Sender(uint32_t iss, size_t buffer, int retries);

  // What a segment of the peer's says about what was sent.
  struct Acknowledgement {
    uint32_t seq = 0;  // of the segment
    uint32_t ack = 0;
    uint32_t window = 0;  // in bytes
    bool bare = false;    // without text, SYN and FIN: may be a duplicate
    std::optional<Duration> echo;  // the round trip, by its timestamp
  };

  // What is to be sent. Empty, with `seq` already acknowledged, it is a probe of the window.
  struct Segment {
    uint32_t seq = 0;
    lab::Payload text;
    bool fin = false;
    bool push = false;
  };

  // The SYN is acknowledged: sending may begin, in segments of `mss` bytes of text. `round_trip` was measured
  // on the handshake; nothing where that was not possible.
  void Start(const Acknowledgement& first, uint32_t mss, std::optional<Duration> round_trip);

  // Takes as much as there is space for; returns how many bytes that is. With `more` what does not fill a segment
  // waits for the next Write or the peer's next segment.
  size_t Write(const lab::Payload& bytes, bool more = false);
  // No byte follows what is queued: the last one is followed by a FIN.
  void Finish() { fin_queued_ = true; }
  // Nothing will be sent any more.
  void Stop();

  // `ack` is at most snd_nxt.
  void OnAcknowledgement(Time now, const Acknowledgement& seen);
  std::optional<Segment> Next(Time now);

  // False where the peer has not answered for as long as it is given.
  [[nodiscard]] bool OnTimer(Time now);
  Time deadline() const { return deadline_; }  // Time::max() where none is armed
  // The timer does nothing but ask again for a window that the peer keeps closed.
  bool only_probes() const {
    return timer_ == Timer::kProbe && probes_unanswered_ == 0 && user_timeout_ == Duration(0) && !MayProbeWithData();
  }
  // Sends a segment that the peer answers whatever its state.
  void ProbeNow() { probe_due_ = true; }

  // Turning it on sends what waits.
  void SetNoDelay(bool no_delay);
  void set_cork(bool cork) { cork_ = cork; }
  void set_user_timeout(Duration timeout) { user_timeout_ = timeout; }
  Duration user_timeout() const { return user_timeout_; }  // 0: not set
  // `deadline`, or sooner where the user timeout of what began at `since` is over sooner.
  Time WithinUserTimeout(Time now, Time deadline, Time since) const;
  void set_buffer(size_t bytes) { buffer_size_ = bytes; }
  // How long to go on without an answer, as in RetransmissionTimeout::GiveUpAfter.
  void set_retries(int retries) { retries_ = retries; }

  size_t space() const { return buffer_size_ > buffer_.size() ? buffer_size_ - buffer_.size() : 0; }
  size_t unacknowledged() const { return buffer_.size(); }
  size_t unsent() const { return data_end_ - std::min(snd_nxt_, data_end_); }
  // Something waits to be sent or acknowledged.
  bool busy() const { return snd_una_ != snd_nxt_ || unsent() > 0; }
  bool fin_queued() const { return fin_queued_; }
  bool fin_acknowledged() const { return fin_sent() && snd_una_ == snd_nxt_; }
  bool fin_sent() const { return snd_nxt_ == data_end_ + 1; }
  uint32_t snd_una() const { return snd_una_; }
  uint32_t snd_nxt() const { return snd_nxt_; }
  uint32_t max_window() const { return max_window_; }
  Duration rto() const { return rto_.value(); }
  uint64_t retransmissions() const { return retransmissions_; }
  // Fills in what it knows.
  void Tell(Time now, Info& info) const;

 private:
  enum class Timer : uint8_t { kNone, kRetransmit, kProbe };

  uint32_t mss() const;
  uint32_t in_flight() const { return snd_nxt_ - snd_una_ - (resend_to_ - resend_from_); }
  uint32_t window_left() const;
  bool NagleHolds(uint32_t length) const;
  bool MayResend() const;
  // The window has space for what waits: only a cork keeps it.
  bool MayProbeWithData() const { return unsent() > 0 && window_left() > 0; }
  Segment Resend();
  std::optional<Segment> NextNew(Time now);

  void UpdateWindow(const Acknowledgement& seen);
  bool IsDuplicate(const Acknowledgement& seen) const;
  void OnDuplicate();
  void OnAdvance(Time now, const Acknowledgement& seen);
  void Measure(Time now, const Acknowledgement& seen);
  void ResendOne();
  void Arm(Timer timer, Time deadline);
  bool OnProbeTimer(Time now);
  bool OnRetransmissionTimer(Time now);

  ByteQueue buffer_;  // from snd_una on, but for the FIN
  size_t buffer_size_;
  int retries_;
  bool no_delay_ = false;
  bool cork_ = false;
  bool more_ = false;  // what does not fill a segment waits for the next Write
  bool burst_ = false;  // a full segment has just left
  bool push_ = false;  // what was written before NoDelay was set goes at once
  bool fin_queued_ = false;
  uint32_t mss_ = 0;       // 0: not started
  uint32_t snd_una_;
  uint32_t snd_nxt_;
  uint32_t data_end_;      // the number after the last byte: the FIN's
  uint32_t snd_wnd_ = 0;
  uint32_t max_window_ = 0;
  uint32_t snd_wl1_ = 0;
  uint32_t small_end_;     // the end of the last segment that was less than full (Minshall's Nagle)

  NewReno congestion_;
  uint32_t resend_from_;   // [resend_from_, resend_to_) is taken for lost and not yet sent again
  uint32_t resend_to_;
  uint32_t recover_;       // recovery ends, and the next begins, when this is acknowledged (RFC 6582)
  bool recovering_ = false;
  bool resend_now_ = false;  // the first of them goes whatever the congestion window says
  int duplicates_ = 0;

  RetransmissionTimeout rto_;
  Timer timer_ = Timer::kNone;
  Time deadline_ = Time::max();
  Time last_sent_{0};
  std::optional<Time> timed_at_;  // when the segment that ends at timed_end_ was sent, to measure the round trip
  uint32_t timed_end_ = 0;
  int timeouts_ = 0;       // in a row
  Time first_timeout_{0};  // of them
  int probes_unanswered_ = 0;
  int probe_backoff_ = 0;
  bool probe_due_ = false;
  uint64_t retransmissions_ = 0;
  Duration user_timeout_{0};
  uint64_t bytes_acked_ = 0;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_retransmitted_ = 0;
  uint32_t data_segments_ = 0;
};

}  // namespace sim::tcp
