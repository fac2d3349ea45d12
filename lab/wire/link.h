// One direction of the way from one host to another: how long packets take, and what becomes of them.
//
// The simulated and the real world move packets through the same Links. A Link knows no clock: it is asked
// with the time. A packet meets, in this order: a link that is down, loss, the queue before the bandwidth, the
// latency with its jitter, reordering, corruption and duplication. docs/links.md lists each with what holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "lab/choice/choices.h"
#include "lab/sockets/process.h"

namespace lab {

struct LinkOptions {
  Duration latency = std::chrono::microseconds(10);
  // A packet takes up to this much longer, as drawn; packets keep their order.
  Duration jitter{0};
  // The largest packet, IP header included; hosts keep their TCP segments below it. IPv6 takes 1,280 for less.
  uint32_t mtu = 65'535;
  // Of a million packets, this many are lost, as drawn.
  uint32_t loss_ppm = 0;
  // Bytes a second that leave; 0 stands for no limit.
  uint64_t bandwidth = 0;
  // A link that is down loses everything: two of them are a partition.
  bool up = true;
  // What may wait for the bandwidth, the packet that is leaving included; what finds it full is dropped. 0 stands for
  // no limit.
  uint64_t queue_bytes = 0;
  uint32_t queue_packets = 0;
  // Of a million packets, this many arrive twice, at the same time, as drawn.
  uint32_t duplicate_ppm = 0;
  // Of a million packets, this many arrive that much later, as drawn, and hold nobody back: later ones overtake them.
  uint32_t reorder_ppm = 0;
  Duration reorder_delay = std::chrono::milliseconds(1);
  // Of a million packets, this many have a bit changed behind their IP header, as drawn. The receiver's checksum tells,
  // and it drops them.
  uint32_t corrupt_ppm = 0;
};

// What became of a packet.
struct Passage {
  // When it comes to the other end; nothing where it is lost.
  std::optional<Time> arrives;
  // It comes twice.
  bool duplicated = false;
  // It comes with this bit changed (modulo the number of those behind the IP header): the receiver drops it.
  std::optional<uint32_t> flipped;
  // Why the receiver's TCP never sees it: "link down", "loss", "queue full", "corrupted"; "" where it does.
  const char* cause = "";
};

// What becomes of a packet of which `whole` is what has been seen so far, and `piece` the next of its pieces: it
// arrives with the last of them, and not at all without one.
Passage Join(const Passage& whole, const Passage& piece);

// Packets since the link was made.
struct LinkCounts {
  uint64_t sent = 0;
  uint64_t lost = 0;  // a link that was down included
  uint64_t dropped_by_queue = 0;
  uint64_t duplicated = 0;
  uint64_t reordered = 0;
  uint64_t corrupted = 0;
};

class Link {
 public:
  // `actor` keys this link's choices: the same for the same pair of hosts in every run.
  Link(uint32_t actor, LinkOptions options) : actor_(actor), options_(options) {}

  const LinkOptions& options() const { return options_; }
  // Counts for packets that are sent from now on.
  void set_options(LinkOptions options) { options_ = options; }
  const LinkCounts& counts() const { return counts_; }

  // What becomes of a packet of `size` bytes sent at `now`. Calls come with a `now` that never decreases; arrivals then
  // don't either, but for those that are reordered.
  Passage Send(Time now, size_t size, Choices& choices);

 private:
  struct Waiting {
    Time departs;
    size_t size;
  };

  // Whether the packet finds room before the bandwidth.
  bool HasRoom(Time now, size_t size);
  Time Arrival(Time now, size_t size, Choices& choices);

  uint32_t actor_;
  LinkOptions options_;
  LinkCounts counts_;
  Time free_at_{0};  // when the last packet's last byte has left
  Time last_arrival_{0};
  std::deque<Waiting> queue_;  // where it is bounded
  uint64_t queued_bytes_ = 0;
};

}  // namespace lab
