// The process in which one scenario runs in one world, or one lab: it reads an Order, runs it, and writes what came of
// it.
//
// It is started anew for every one, alone in a sandbox, and has one thread when it starts: worlds need that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/program/program.h"
#include "lab/service/worlds.h"

namespace lab::service {

// The function that a submission's shared object has for the role. Runs what else is in there, too.
absl::StatusOr<Function> LoadFunction(const std::string& role, const std::string& path);

// Standard input has the order, standard output gets the messages (see worker.proto); no process of a world inherits
// either. Returns the exit status: 0 where a result was written.
//
// A function of a submission's never has a worker's powers. In a simulated world it shares this process, and can lie
// about its own run: so the process gives them up first, by executing itself in a program's sandbox, as `confined`. In
// a real one it is a program: the binary's `function` command.
int RunWorker(const std::vector<grade::Exercise>& exercises, const Worlds& worlds, bool confined);

}  // namespace lab::service
