// A grading as its client sees it: the events until the report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/cli/session.h"
#include "lab/service/grader.pb.h"

namespace lab::cli {

struct Graded {
  // Exactly one of the two is there.
  std::optional<duet::v1::Report> report;
  std::optional<duet::v1::GradeEvent::BuildFailed> build_failed;
  std::string warnings;  // the compiler's
  std::vector<duet::v1::GradeEvent::Capture> captures;
};

// Blocks until the grading is over, with a status line where there is a terminal.
absl::StatusOr<Graded> RequestGrade(Session& session, const duet::v1::GradeRequest& request);

// Full score, less, or the lab's failure, by the report.
int ExitStatusOf(const duet::v1::Report& report);

}  // namespace lab::cli
