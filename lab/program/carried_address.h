// The addresses of sockets in requests and answers.
#pragma once

#include <sys/socket.h>

#include <algorithm>

#include "lab/program/carried_channel.h"

namespace lab {

// The request's; null where it has none.
inline const sockaddr* AddressOf(const CarriedRequest& request) {
  return request.address.empty() ? nullptr : reinterpret_cast<const sockaddr*>(request.address.data());
}

inline socklen_t AddressLength(const CarriedRequest& request) { return static_cast<socklen_t>(request.address.size()); }

// Room for an address in the answer, and what came of it.
class AddressRoom {
 public:
  explicit AddressRoom(CarriedAnswer& answer) : answer_(answer) { answer_.address.assign(DUET_CHANNEL_ADDRESS, 0); }
  ~AddressRoom() { answer_.address.resize(std::min<size_t>(length_, DUET_CHANNEL_ADDRESS)); }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(answer_.address.data()); }
  socklen_t* length() { return &length_; }

 private:
  CarriedAnswer& answer_;
  socklen_t length_ = DUET_CHANNEL_ADDRESS;
};

}  // namespace lab
