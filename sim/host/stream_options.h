// What the options of a TCP socket mean for its connection.
#pragma once

#include "sim/host/socket_options.h"
#include "sim/tcp/connection.h"

namespace sim {

// Before there is a connection: what it is made with, to a peer of which family.
void Apply(const OptionValues& values, bool ipv4, tcp::Options& options);

// While there is one: the option has just been set.
void ApplyOne(const OptionValues& values, int level, int option, Time now, tcp::Connection& connection);
// A connection of a listener's has its options from now on.
void ApplyAll(const OptionValues& values, Time now, tcp::Connection& connection);

}  // namespace sim
