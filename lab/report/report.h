// A report as people and as programs read it.
//
// Nothing in a report is trusted: what could steer a terminal or break a line stands escaped in the text, and what is
// no UTF-8 does so in the JSON.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "lab/service/grader.pb.h"

namespace lab::report {

struct TextOptions {
  size_t width = 100;  // columns of the terminal; ladders keep the width they were drawn with
  bool colour = false;
  std::string submission;   // what the replay command names, as the user wrote it
  bool in_process = false;  // and whether it has --in-process
};

// A table (a row a scenario, a column a world), then each scenario that did not pass: the checks that failed, what the
// program said, the ladder of each world and the command that replays it. The last line is "score 5 of 7". What
// both worlds have in common is said once.
std::string TextReport(const duet::v1::Report& report, const TextOptions& options);

// One scenario as TextReport explains it, for a replay: whatever the verdict, with its ladder.
std::string TextScenario(const duet::v1::ScenarioReport& scenario, const TextOptions& options);

// protobuf's JSON form with every field, defaults too; ends with a newline.
std::string JsonReport(const duet::v1::Report& report);

// The same into a file, which is replaced whole or not at all.
absl::Status WriteJsonReport(const duet::v1::Report& report, const std::string& path);

}  // namespace lab::report
