// The options of a socket, as getsockopt and setsockopt know them.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "sim/engine/virtual_clock.h"
#include "sim/host/ports.h"
#include "sim/tcp/connection.h"

namespace sim {

// What a socket was set to; an accepted one inherits it from its listener.
struct SocketOptions {
  Reuse reuse;
  bool keep_alive = false;
  bool no_delay = false;
  linger linger_time{0, 0};
  // 0: not set. Otherwise doubled already, as Linux does for its bookkeeping.
  int send_buffer = 0;
  int receive_buffer = 0;
  // 0: for ever.
  Duration send_timeout{0};
  Duration receive_timeout{0};

  void Apply(tcp::Options& options) const;

  // 0, or a negative errno: -ENOPROTOOPT, -EINVAL (too short), -EDOM (a timeout's microseconds), -EFAULT.
  int Set(int level, int option, const void* value, socklen_t length);
  // For the options that are kept here. Stores as much as *length allows and sets it.
  int Get(int level, int option, void* value, socklen_t* length) const;
};

// Stores `size` bytes of `value` as getsockopt does: cut to *length, which is set. 0, or -EFAULT, -EINVAL.
int StoreOption(const void* value, size_t size, void* out, socklen_t* length);

}  // namespace sim
