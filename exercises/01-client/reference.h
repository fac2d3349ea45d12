// The reference solution of 01-client as a function over lab::Sockets.
#pragma once

#include "lab/sockets/process.h"

namespace lab::exercises {

// Its arguments: HOST PORT. Prints what the server sends until end of file.
int PrintingClient(Process& process);

}  // namespace lab::exercises
