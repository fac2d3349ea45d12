#include "sim/tcp/info.h"

#include <algorithm>

#include "sim/tcp/connection.h"

namespace sim::tcp {

Info Connection::GetInfo(Time now) const {
  Info info;
  sender_.Tell(now, info);
  info.state = state_;
  if (opening()) {
    info.retransmits = static_cast<uint8_t>(std::min<uint32_t>(syn_retransmissions_, 255));
    info.rto = SynTimeout();
    info.unacked = 1;
  }
  if (keep_alive_ != nullptr && keep_alive_->unanswered() > 0) {
    info.probes = static_cast<uint8_t>(std::min(keep_alive_->unanswered(), 255));
  }
  info.timestamps = timestamps_;
  info.sack = sack_;
  info.window_scaling = scaling_;
  info.send_scale = send_scale_;
  info.receive_scale = receive_scale_;
  info.ack_timeout = receiver_.acks().delay();
  info.receive_mss = receiver_.segment();
  info.last_data_received = now - receiver_.acks().last_data();
  info.last_ack_received = now - last_heard_;
  info.path_mtu = kept_.mtu;
  info.receive_slow_start_threshold = receiver_.limit();
  info.advertised_mss = kept_.mss - (timestamps_ ? 12 : 0);
  info.total_retransmitted += syn_retransmissions_;
  // Linux counts the SYN that it sent, where it was the first.
  if (!opening() && !passive_) ++info.bytes_acked;
  info.bytes_received = receiver_.bytes();
  info.segments_out = segments_out_;
  info.segments_in = segments_in_;
  info.data_segments_in = data_segments_in_;
  info.out_of_order = receiver_.out_of_order();
  info.receive_window = receiver_.window();
  return info;
}

}  // namespace sim::tcp
