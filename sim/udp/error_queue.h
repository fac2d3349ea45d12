// What went wrong with the datagrams that a socket has sent, for those that ask (IP_RECVERR): kept until it is taken
// with MSG_ERRQUEUE.
#pragma once

#include <time.h>

#include <linux/errqueue.h>

#include <deque>

#include "lab/wire/icmp.h"

namespace sim::udp {

struct SentError {
  sock_extended_err error{};
  lab::Endpoint to;         // where the datagram was to go
  lab::IpAddress offender;  // who said so, where the error came by ICMP
  lab::Payload payload;     // what is known of the datagram
};

// By ICMP, of which errno is `error`; and by the host itself, which can send packets of `mtu` bytes only.
SentError FromIcmp(const lab::Packet& icmp, const lab::Quoted& quoted, int error);
SentError TooLarge(const lab::Endpoint& to, uint32_t mtu);

class ErrorQueue {
 public:
  bool empty() const { return errors_.empty(); }
  void Add(SentError error) { errors_.push_back(std::move(error)); }
  // Not where empty(). Sets `next` to the errno that is pending from then on: that of the next in the queue, or 0.
  SentError Take(int& next);

 private:
  std::deque<SentError> errors_;
};

}  // namespace sim::udp
