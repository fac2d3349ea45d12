// The reference solution of 02-server as a function over lab::Sockets.
#pragma once

#include "lab/sockets/process.h"

namespace lab::exercises {

// Its arguments: PORT. Greets one client after another, for ever.
int GreetingServer(Process& process);

}  // namespace lab::exercises
