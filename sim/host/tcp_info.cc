#include "sim/host/tcp_info.h"

// Linux's own header: glibc's has an older and shorter tcp_info, and the two can't be included together.
#include <linux/tcp.h>

#include <algorithm>
#include <chrono>

namespace sim {
namespace {

// Linux's numbers of the states (net/tcp_states.h).
enum LinuxState : uint8_t {
  kEstablished = 1,
  kSynSent,
  kSynReceived,
  kFinWait1,
  kFinWait2,
  kTimeWait,
  kClose,
  kCloseWait,
  kLastAck,
  kListen,
  kClosing,
};

constexpr uint32_t kNoThreshold = 0x7fffffff;  // no loss has been seen

// A socket whose connection is in TIME-WAIT has lost it to the host.
LinuxState StateOf(tcp::State state) {
  switch (state) {
    case tcp::State::kSynSent: return kSynSent;
    case tcp::State::kSynReceived: return kSynReceived;
    case tcp::State::kEstablished: return kEstablished;
    case tcp::State::kFinWait1: return kFinWait1;
    case tcp::State::kFinWait2: return kFinWait2;
    case tcp::State::kCloseWait: return kCloseWait;
    case tcp::State::kClosing: return kClosing;
    case tcp::State::kLastAck: return kLastAck;
    case tcp::State::kTimeWait:
    case tcp::State::kClosed: return kClose;
  }
  return kClose;
}

uint32_t Microseconds(lab::Duration duration) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

uint32_t Milliseconds(lab::Duration duration) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

uint8_t OptionsOf(const tcp::Info& info) {
  return static_cast<uint8_t>((info.timestamps ? TCPI_OPT_TIMESTAMPS : 0) | (info.sack ? TCPI_OPT_SACK : 0) |
                              (info.window_scaling ? TCPI_OPT_WSCALE : 0));
}

void StoreTimes(const tcp::Info& info, tcp_info& out) {
  out.tcpi_rto = Microseconds(info.rto);
  out.tcpi_ato = Microseconds(info.ack_timeout);
  out.tcpi_rtt = Microseconds(info.round_trip);
  out.tcpi_rttvar = Microseconds(info.round_trip_variance);
  // Linux says "none yet" by the largest number.
  out.tcpi_min_rtt = info.least_round_trip == lab::Duration::zero() ? ~0u : Microseconds(info.least_round_trip);
  out.tcpi_last_data_sent = Milliseconds(info.last_data_sent);
  out.tcpi_last_data_recv = Milliseconds(info.last_data_received);
  out.tcpi_last_ack_recv = Milliseconds(info.last_ack_received);
}

void StoreCounts(const tcp::Info& info, tcp_info& out) {
  out.tcpi_total_retrans = info.total_retransmitted;
  out.tcpi_bytes_acked = info.bytes_acked;
  out.tcpi_bytes_received = info.bytes_received;
  out.tcpi_bytes_sent = info.bytes_sent;
  out.tcpi_bytes_retrans = info.bytes_retransmitted;
  out.tcpi_notsent_bytes = info.bytes_not_sent;
  out.tcpi_segs_out = info.segments_out;
  out.tcpi_segs_in = info.segments_in;
  out.tcpi_data_segs_out = info.data_segments_out;
  out.tcpi_data_segs_in = info.data_segments_in;
  out.tcpi_dsack_dups = info.duplicates_reported;
  out.tcpi_rcv_ooopack = info.out_of_order;
}

// What Linux says where nothing was measured.
tcp_info WithFirstValues(LinuxState state) {
  tcp_info out{};
  out.tcpi_state = state;
  out.tcpi_snd_cwnd = 10;
  out.tcpi_reordering = 3;
  return out;
}

}  // namespace

int StoreConnectionInfo(const tcp::Info& info, const OptionRoom& room) {
  tcp_info out{};
  out.tcpi_state = StateOf(info.state);
  out.tcpi_ca_state = static_cast<uint8_t>(info.recovery);
  out.tcpi_retransmits = info.retransmits;
  out.tcpi_probes = info.probes;
  out.tcpi_backoff = info.backoff;
  out.tcpi_options = OptionsOf(info);
  out.tcpi_snd_wscale = info.send_scale & 0xf;
  out.tcpi_rcv_wscale = info.receive_scale & 0xf;
  out.tcpi_snd_mss = info.send_mss;
  out.tcpi_rcv_mss = info.receive_mss;
  out.tcpi_advmss = info.advertised_mss;
  out.tcpi_pmtu = info.path_mtu;
  out.tcpi_unacked = info.unacked;
  out.tcpi_sacked = info.sacked;
  out.tcpi_lost = info.lost;
  out.tcpi_retrans = info.retransmitted;
  out.tcpi_rcv_ssthresh = info.receive_slow_start_threshold;
  out.tcpi_snd_ssthresh = std::min(info.slow_start_threshold, kNoThreshold);
  out.tcpi_snd_cwnd = info.congestion_window;
  out.tcpi_reordering = info.reordering;
  out.tcpi_rcv_space = info.receive_space;
  out.tcpi_snd_wnd = info.send_window;
  StoreTimes(info, out);
  StoreCounts(info, out);
  return room.Store(&out, sizeof out);
}

int StoreClosedInfo(const OptionRoom& room) {
  tcp_info out = WithFirstValues(kClose);
  out.tcpi_rto = 1'000'000;
  out.tcpi_rttvar = 250'000;
  out.tcpi_snd_mss = 536;
  out.tcpi_snd_ssthresh = kNoThreshold;
  out.tcpi_min_rtt = ~0u;
  return room.Store(&out, sizeof out);
}

int StoreListenerInfo(size_t waiting, size_t backlog, const OptionRoom& room) {
  tcp_info out = WithFirstValues(kListen);
  out.tcpi_unacked = static_cast<uint32_t>(waiting);
  out.tcpi_sacked = static_cast<uint32_t>(backlog);
  return room.Store(&out, sizeof out);
}

}  // namespace sim
