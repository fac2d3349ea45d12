#include "sim/udp/error_queue.h"

#include <cerrno>
#include <utility>

namespace sim::udp {

SentError FromIcmp(const lab::Packet& icmp, const lab::Quoted& quoted, int error) {
  SentError sent;
  sent.error.ee_errno = static_cast<uint32_t>(error);
  sent.error.ee_origin = SO_EE_ORIGIN_ICMP;
  sent.error.ee_type = icmp.icmp.type;
  sent.error.ee_code = icmp.icmp.code;
  sent.to = quoted.destination;
  sent.offender = icmp.source.address;
  sent.payload = quoted.payload;
  return sent;
}

SentError TooLarge(const lab::Endpoint& to, uint32_t mtu) {
  SentError sent;
  sent.error.ee_errno = EMSGSIZE;
  sent.error.ee_origin = SO_EE_ORIGIN_LOCAL;
  sent.error.ee_info = mtu;
  sent.to = to;
  return sent;
}

SentError ErrorQueue::Take(int& next) {
  SentError taken = std::move(errors_.front());
  errors_.pop_front();
  next = errors_.empty() ? 0 : static_cast<int>(errors_.front().error.ee_errno);
  return taken;
}

}  // namespace sim::udp
