// What a sender knows of losses and of what only looked like one, by Linux's names: high_seq, undo_marker,
// undo_retrans, prior_ssthresh, prior_cwnd, prr_…, tlp_…, rack_…, reordering. It is made when the first sign of a
// loss comes: most connections never have it.
#pragma once

#include <cstdint>
#include <optional>

#include "lab/sockets/process.h"
#include "sim/tcp/info.h"
#include "sim/tcp/sequence.h"

namespace sim::tcp {

struct Loss {
  static constexpr uint16_t kUsualReordering = 3;

  // The window is on its way down to the threshold.
  bool in_reduction() const { return state == Recovery::kReduced || state == Recovery::kRecovery; }

  Recovery state = Recovery::kOpen;
  bool frto = false;
  bool reordering_seen = false;
  bool tlp_resent = false;
  bool undo = false;  // undo_marker is set
  bool dsack_seen = false;
  uint8_t reorder_steps = 1;
  uint8_t reorder_persist = 0;
  uint16_t reordering = kUsualReordering;
  uint16_t duplicates = 0;  // where the peer doesn't report: segments that have left the network
  uint32_t duplicates_reported = 0;
  uint32_t high_seq = 0;  // means nothing in kOpen
  uint32_t undo_marker = 0;
  int32_t undo_resent = 0;
  uint32_t prior_threshold = 0;
  uint32_t prior_window = 0;
  uint32_t prr_delivered = 0;
  uint32_t prr_out = 0;
  // What was sent last of all that has arrived since (RACK), and whether that is news.
  lab::Time rack_sent = lab::Time::min();
  uint32_t rack_end = 0;
  bool rack_advanced = false;
  std::optional<uint32_t> tlp_high;
  std::optional<lab::Time> resent_since;  // the first of what was sent again and is not acknowledged
  int timeouts = 0;                       // in a row
  uint64_t retransmissions = 0;
  uint64_t bytes_retransmitted = 0;
};

// RACK's order: by the time of sending, and by the number where the times are equal.
inline bool SentAfter(lab::Time a, uint32_t a_end, lab::Time b, uint32_t b_end) {
  return a > b || (a == b && After(a_end, b_end));
}

}  // namespace sim::tcp
