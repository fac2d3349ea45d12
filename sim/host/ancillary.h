// What travels beside the bytes of a message (cmsg(3)): where a datagram came to, with how many hops left, what went
// wrong; and how one is to be sent.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <optional>

#include "lab/wire/packet.h"

namespace sim {

// The space that recvmsg has for it.
class AncillaryRoom {
 public:
  AncillaryRoom() = default;
  AncillaryRoom(void* space, size_t length) : space_(static_cast<char*>(space)), length_(length) {}

  // Adds a message, or as much of it as there is room for.
  void Put(int level, int type, const void* data, size_t length);
  template <typename T>
  void Put(int level, int type, const T& value) {
    Put(level, type, &value, sizeof value);
  }

  size_t used() const { return used_; }
  // Something had no room: MSG_CTRUNC.
  bool cut() const { return cut_; }

 private:
  char* space_ = nullptr;
  size_t length_ = 0;
  size_t used_ = 0;
  bool cut_ = false;
};

// What sendmsg says of how a datagram is to be sent; a socket's options where it says nothing.
struct Dispatch {
  std::optional<lab::Endpoint> to;
  std::optional<lab::IpAddress> source;
  std::optional<int> hops;
  std::optional<int> type_of_service;
};

// Reads IP_PKTINFO, IP_TTL and IP_TOS of a message whose lengths have been checked; what is not IPPROTO_IP's is
// another's. 0, or -EINVAL, -ENODEV: as Linux.
int LoadAncillary(const msghdr& message, Dispatch& dispatch);

}  // namespace sim
