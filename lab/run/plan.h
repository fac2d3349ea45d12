// A lab that has been understood: every name found, every value in its unit, what happens in the order of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/run/lab.pb.h"
#include "lab/world/world.h"

namespace lab::run {

// What comes on a program's standard input at a time.
struct PlannedInput {
  Time at{0};
  std::string text;
  bool end = false;
};

struct PlannedProgram {
  std::string name;
  HostId host = -1;
  std::vector<std::string> command;
  std::optional<Time> at;  // without: when the one before it is ready
  std::string input;
  std::vector<PlannedInput> typed;  // in the order of time
  bool interactive = false;         // somebody may type more
  bool short_transfers = false;
  std::optional<bool> serves;
};

struct PlannedLink {
  HostId a = -1;
  HostId b = -1;
  LinkOptions options;
};

// Something that happens at a time.
struct Change {
  enum class What { kLink, kPause, kResume, kKill };
  Time at{0};
  What what = What::kLink;
  PlannedLink link;    // of kLink
  size_t program = 0;  // of the others
};

struct PlannedExpectation {
  size_t program = 0;
  duet::v1::Expectation text;
};

struct Plan {
  std::vector<HostOptions> hosts;
  std::vector<PlannedLink> links;  // as they are at first, where that is not the default
  std::vector<PlannedProgram> programs;
  std::vector<Change> changes;  // in the order of time
  std::vector<Rule> rules;
  std::vector<PlannedExpectation> expectations;
  Duration limit = std::chrono::seconds(60);
  uint64_t seed = 1;
};

// InvalidArgument, with the sentence, for the first thing that is wrong.
absl::StatusOr<Plan> MakePlan(const duet::v1::Lab& lab);

// Reads the text of a file named `name`, and plans it. What is wrong is told with its place:
// "lab.textproto:12:3: there is no host `sever`".
absl::StatusOr<duet::v1::Lab> ParseLab(const std::string& text, const std::string& name);

}  // namespace lab::run
