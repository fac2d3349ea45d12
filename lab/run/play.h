// Plays a planned lab in a world.
//
// Programs start at their times, or in order: each once the one before it serves, has ended or has run for a second.
// The run is over when all have started and each has ended or serves; servers then get a moment to finish. It is over,
// too, when nothing can ever happen again, or its limit has passed. What is left running ends with the world.
//
// While somebody may type for a program, it has not ended and can wait for ever, and the simulated world's time passes
// no faster than the clock's on the wall: what is typed comes at the moment that both have reached. What came can be
// planned, at the times that it came at: that run is the same.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/run/live_input.h"
#include "lab/run/plan.h"
#include "lab/world/world.h"

namespace lab::run {

struct Played {
  enum class End { kDone, kStandstill, kLimit };
  struct Program {
    std::string name;
    ProcessId process = -1;  // -1: it was never started
    Outcome outcome;         // with what it wrote
    bool killed = false;     // by a fault
    std::vector<PlannedInput> typed;  // what it was given at times: as planned, or as it came
  };

  End end = End::kDone;
  Time ended_at{0};
  std::vector<Program> programs;
  // What each waits for, a line each; of kStandstill.
  std::string standstill;
  // Faults on programs that had not started, or had ended: a sentence each.
  std::vector<std::string> idle_faults;
  // What did not go as it should, a sentence each: what the lab says about programs, expectations that do not hold and,
  // where none are given, whatever ended badly or not at all.
  std::vector<std::string> problems;
  // One of them is the lab's own.
  bool lab_error = false;
};

struct Player {
  // The function for the program that its command's first word names; its process has the others as arguments.
  std::function<Function(const PlannedProgram& program)> make_program;
  // Given what programs write, as they write it.
  std::function<void(size_t program, bool error_output, std::string_view bytes)> on_output;
  // Told the time about once a second: of the world's, and of the wall's where the world's takes longer.
  std::function<void(Time now)> on_time;
  // What is typed for the plan's interactive program. Null: nothing.
  LiveInput* live_input = nullptr;
};

// "ended with status 1", "is still running", "was never started": for what happened.
std::string DescribeEnd(const Played::Program& program);

// Returns when the run is over. The world's trace can be read afterwards.
Played Play(World& world, const Plan& plan, const Player& player);

}  // namespace lab::run
