#include "lab/service/grade_here.h"

#include <optional>

#include "absl/status/status.h"
#include "lab/program/runfiles.h"
#include "lab/service/grading.h"

namespace lab::service {

absl::StatusOr<duet::v1::Report> GradeHere(const std::vector<grade::Exercise>& exercises, const std::string& exercise,
                                           const duet::v1::Submission& submission, const GradeHereOptions& options) {
  duet::v1::GradeRequest request;
  request.set_exercise(exercise);
  *request.mutable_submission() = submission;
  request.set_sim(options.sim);
  request.set_real(options.real);
  request.set_seed(options.seed);
  request.set_runs(options.runs);

  std::optional<duet::v1::Report> report;
  std::string compiler;
  const auto see = [&](const duet::v1::GradeEvent& event) {
    if (event.has_report()) report = event.report();
    if (event.has_build_failed()) compiler = event.build_failed().message();
  };
  const absl::Status status =
      Grading(exercises, Runfile("lab/cli/duet")).Grade(request, see, [] { return false; });
  if (!status.ok()) return status;
  if (!report.has_value()) return absl::InvalidArgumentError(compiler);
  return *std::move(report);
}

}  // namespace lab::service
