// The datagrams that wait in a socket to be received, within the memory that Linux would allow them.
//
// Linux counts not a datagram's bytes but the memory that it takes ("truesize"), so that 256 small ones or 3 large ones
// fill a buffer of the default size; both numbers are kept here. What does not fit is dropped.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lab/wire/packet.h"
#include "sim/engine/fifo.h"

namespace sim::udp {

struct Datagram {
  lab::Endpoint source;
  lab::Endpoint destination;  // as it was addressed
  uint8_t hops = 0;
  uint8_t type_of_service = 0;
  uint32_t memory = 0;
  lab::Payload payload;
};

// The memory that Linux 6.18 takes for a datagram with that many bytes: one sent inside its host, or one that came by a
// TUN device.
uint32_t MemoryFor(size_t length, bool loopback);

class Inbox {
 public:
  // net.core.rmem_default.
  static constexpr uint32_t kDefaultLimit = 212'992;

  // As SO_RCVBUF is told: the memory for all that waits. One datagram fits always.
  void set_limit(uint32_t limit) { limit_ = limit; }

  bool empty() const { return waiting_.empty(); }
  size_t size() const { return waiting_.size(); }

  // Whether there was room for it.
  bool Add(Datagram datagram);
  // The oldest; not where empty(). It stays until Pop.
  const Datagram& front() const { return waiting_[0]; }
  void Pop();

 private:
  uint32_t limit_ = kDefaultLimit;
  uint32_t memory_ = 0;
  // Linux gives the memory of received datagrams back in batches: once it is a quarter of the limit, or all that had
  // come when it last looked have been received.
  uint32_t to_give_back_ = 0;
  size_t batch_ = 0;  // how many of that last look still wait
  Fifo<Datagram> waiting_;
};

}  // namespace sim::udp
