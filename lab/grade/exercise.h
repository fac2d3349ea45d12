// What an exercise is: the roles that a submission fills, the scenarios that try it, and the reference.
//
// A scenario's body is written once, against `World`, and runs in both worlds.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lab/world/world.h"

namespace lab::grade {

class Run;

struct Scenario {
  std::string name;   // "overflow": short, for the table, commands and tokens
  std::string title;  // "six clients connect while the server is paused, and a seventh has to try again"
  int points = 1;
  bool sim = true;    // the worlds that it names
  bool real = true;
  // Scenarios that must have passed in the same world; otherwise this one is SKIPPED.
  std::vector<std::string> after;
  std::function<void(Run&)> body;
};

// A program that a submission has to have.
struct Role {
  std::string name;   // "server": the entry point is server.c, server.cc, server.py or the executable server
  std::string usage;  // "server PORT"
};

struct Exercise {
  std::string name;   // "02-server"; its files are in exercises/02-server
  std::string title;  // "A server that greets"
  std::vector<Role> roles;
  std::vector<Scenario> scenarios;
  // The reference solution as functions, by role.
  std::map<std::string, Function> reference;

  const Scenario* FindScenario(std::string_view scenario) const;
  int max_points() const;
};

}  // namespace lab::grade
