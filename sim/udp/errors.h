// What ICMP's errors mean to a datagram socket, and how many of them a host sends: Linux's tables.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "lab/wire/icmp.h"
#include "sim/engine/virtual_clock.h"

namespace sim::udp {

struct Meaning {
  int error = 0;       // errno; 0: nothing that a socket hears of
  bool fatal = false;  // told to a connected socket; the others only to those that set IP_RECVERR
};
Meaning MeaningOf(const lab::Packet& icmp);

// net.ipv4.icmp_ratelimit: a host tells another at most six errors at once, then one a second.
class ErrorLimit {
 public:
  // Whether one more may go to the address now; counts it.
  bool Allows(Time now, const lab::IpAddress& address);

 private:
  struct Bucket {
    Time filled_at;
    Duration tokens;
  };
  absl::flat_hash_map<lab::IpAddress, Bucket> buckets_;  // never iterated: its order is not repeatable
};

}  // namespace sim::udp
