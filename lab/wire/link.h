// One direction of the way from one host to another: how long packets take, and which get lost.
//
// The simulated and the real world move packets through the same Links. A Link knows no clock: it is asked
// with the time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "lab/choice/choices.h"
#include "lab/sockets/process.h"

namespace lab {

struct LinkOptions {
  Duration latency = std::chrono::microseconds(10);
  // A packet takes up to this much longer, as drawn; packets keep their order.
  Duration jitter{0};
  // The largest packet, IPv4 header included; hosts keep their TCP segments below it.
  uint32_t mtu = 65'535;
  // Of a million packets, this many are lost, as drawn.
  uint32_t loss_ppm = 0;
  // Bytes a second that leave; 0 stands for no limit.
  uint64_t bandwidth = 0;
  // A link that is down loses everything: two of them are a partition.
  bool up = true;
};

class Link {
 public:
  // `actor` keys this link's choices: the same for the same pair of hosts in every run.
  Link(uint32_t actor, LinkOptions options) : actor_(actor), options_(options) {}

  const LinkOptions& options() const { return options_; }
  // Counts for packets that are sent from now on.
  void set_options(LinkOptions options) { options_ = options; }

  // When a packet of `size` bytes sent at `now` arrives, or nothing where it is lost. Calls come with a `now`
  // that never decreases; arrivals then don't either.
  std::optional<Time> Send(Time now, size_t size, Choices& choices);

 private:
  uint32_t actor_;
  LinkOptions options_;
  Time free_at_{0};       // when the last packet's last byte has left
  Time last_arrival_{0};
};

}  // namespace lab
