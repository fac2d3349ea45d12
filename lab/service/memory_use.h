// How much memory a process and all that it started take.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace lab::service {

// Bytes of RAM that the process, its children, theirs and so on have written to, whatever namespaces they are in.
// Memory that a fork shares counts for each that maps it. Reads /proc once for each process of this machine.
uint64_t MemoryOfAll(pid_t root);

}  // namespace lab::service
