// What a connection tells about itself: the fields of Linux's TCP_INFO that mean something here, in their order and
// units where those are the kernel's own (packets, bytes), with times as durations.
#pragma once

#include <cstdint>

#include "lab/sockets/process.h"
#include "sim/tcp/state.h"

namespace sim::tcp {

// Linux's tcpi_ca_state.
enum class Recovery : uint8_t {
  kOpen,      // nothing is out of the ordinary
  kDisorder,  // duplicates or SACK blocks have come, nothing is taken for lost yet
  kReduced,   // unused here (Linux's CWR)
  kRecovery,  // lost segments are sent again
  kLoss,      // the retransmission timer expired
};

struct Info {
  State state = State::kClosed;
  Recovery recovery = Recovery::kOpen;
  uint8_t retransmits = 0;  // timeouts in a row
  uint8_t probes = 0;       // of a window or a silent peer, unanswered
  uint8_t backoff = 0;      // how often the timer's wait has doubled
  bool timestamps = false;
  bool sack = false;
  bool window_scaling = false;
  uint8_t send_scale = 0;
  uint8_t receive_scale = 0;

  lab::Duration rto{0};
  lab::Duration ack_timeout{0};  // how long an acknowledgement waits for data to carry it
  uint32_t send_mss = 0;
  uint32_t receive_mss = 0;      // the largest segment that came

  uint32_t unacked = 0;          // segments on their way, with those below
  uint32_t sacked = 0;
  uint32_t lost = 0;
  uint32_t retransmitted = 0;    // of them, sent again

  // Since then.
  lab::Duration last_data_sent{0};
  lab::Duration last_data_received{0};
  lab::Duration last_ack_received{0};

  uint32_t path_mtu = 0;
  uint32_t receive_slow_start_threshold = 0;  // the most that is offered now
  lab::Duration round_trip{0};                // smoothed
  lab::Duration round_trip_variance{0};
  lab::Duration least_round_trip{0};          // 0: none was measured
  uint32_t slow_start_threshold = 0;          // segments
  uint32_t congestion_window = 0;             // segments
  uint32_t advertised_mss = 0;
  uint32_t reordering = 3;                    // segments
  uint32_t receive_space = 0;

  uint32_t total_retransmitted = 0;  // segments, over the whole life
  uint64_t bytes_acked = 0;
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;           // those sent again too
  uint64_t bytes_retransmitted = 0;
  uint32_t bytes_not_sent = 0;
  uint32_t segments_out = 0;
  uint32_t segments_in = 0;
  uint32_t data_segments_out = 0;
  uint32_t data_segments_in = 0;
  uint32_t duplicates_reported = 0;  // by the peer's DSACK
  uint32_t out_of_order = 0;         // segments that came ahead of a hole
  uint32_t send_window = 0;          // bytes, the peer's
  uint32_t receive_window = 0;       // bytes, ours
};

}  // namespace sim::tcp
