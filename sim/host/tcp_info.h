// TCP_INFO: what a connection tells about itself, in Linux's shape.
#pragma once

#include <cstddef>

#include "sim/host/socket_options.h"
#include "sim/tcp/info.h"

namespace sim {

int StoreConnectionInfo(const tcp::Info& info, const OptionRoom& room);
// A socket without a connection.
int StoreClosedInfo(const OptionRoom& room);
// A listener: how many wait to be accepted, and its backlog.
int StoreListenerInfo(size_t waiting, size_t backlog, const OptionRoom& room);

}  // namespace sim
