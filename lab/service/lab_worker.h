// How a worker plays a lab.
#pragma once

#include "lab/service/message_output.h"
#include "lab/service/worlds.h"

namespace lab::service {

// Plays the order's lab and writes what its programs write, how time passes, and at last what came of it. Returns the
// worker's exit status.
int PlayLab(const duet::internal::Order& order, const Worlds& worlds, MessageOutput& output);

}  // namespace lab::service
