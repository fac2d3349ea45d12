// A function over lab::Sockets as a submission: `duet grade 02-server my_server.cc --in-process`.
//
//     #include "lab/sockets/function.h"
//
//     DUET_FUNCTION(server) {
//       lab::Sockets& sockets = process.sockets();
//       …
//       return 0;  // the exit status
//     }
//
// The name is the role's. The function is a lab::Function (see process.h) and gets `lab::Process& process`.
#pragma once

#include "lab/sockets/process.h"

#define DUET_FUNCTION(role) extern "C" int duet_function_##role([[maybe_unused]] lab::Process& process)
