// The reference solution of 03-echo as functions over lab::Sockets.
#pragma once

#include "lab/sockets/process.h"

namespace lab::exercises {

// Its arguments: PORT. Sends back what each client sends until its end of file, one client after another, for ever.
// Reports "echoed" for each: how many bytes that were.
int EchoServer(Process& process);

// Its arguments: HOST PORT. Sends its standard input, ends its direction, and prints what comes back, all at the
// same time.
int EchoClient(Process& process);

}  // namespace lab::exercises
