// SO_REUSEPORT: which of the sockets on a port gets what comes from a peer.
#pragma once

#include <cstddef>

#include "lab/wire/packet.h"

namespace sim {

// An index below `count`, the same for the same two ends, and spread evenly over different ones.
size_t Spread(const lab::Endpoint& local, const lab::Endpoint& remote, size_t count);

}  // namespace sim
