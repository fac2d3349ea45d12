#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/files.h"
#include "lab/cli/grade.h"
#include "lab/cli/status_line.h"
#include "lab/program/runfiles.h"
#include "lab/report/report.h"

namespace lab::cli {
namespace {

constexpr char kExercise[] = "02-server";
constexpr char kRight[] = "exercises/02-server/solution/c";
constexpr char kWrong[] = "exercises/02-server/mutants/no-reuseaddr";

absl::StatusOr<duet::v1::Report> GradeOurs(Session& session, const std::string& path) {
  auto submission = ReadSubmission(Runfile(path));
  if (!submission.ok()) return absl::InternalError(submission.status().message());
  duet::v1::GradeRequest request;
  request.set_exercise(kExercise);
  *request.mutable_submission() = *std::move(submission);
  request.set_sim(true);
  request.set_real(true);
  request.set_seed(1);
  request.set_runs(1);
  auto graded = RequestGrade(session, request);
  if (!graded.ok()) return graded.status();
  if (graded->build_failed.has_value()) return absl::InternalError(graded->build_failed->message());
  return *std::move(graded->report);
}

}  // namespace

int Demo(Interrupts& interrupts) {
  const auto session = Session::Open("", interrupts);
  if (!session.ok()) return Fail(session.status());
  const report::TextOptions look{.width = TerminalWidth(), .colour = WantsColour()};
  std::cout << "The lecture's server, graded on the kernel's network and on the simulated one.\n\n"
            << "$ ./duet grade " << kExercise << " " << kRight << "\n\n"
            << std::flush;
  const auto right = GradeOurs(**session, kRight);
  if (!right.ok()) return Fail(right.status());
  std::cout << report::TextReport(*right, look) << "\nThe same with a classic mistake.\n\n"
            << "$ ./duet grade " << kExercise << " " << kWrong << "\n\n"
            << std::flush;
  const auto wrong = GradeOurs(**session, kWrong);
  if (!wrong.ok()) return Fail(wrong.status());
  report::TextOptions look_wrong = look;
  look_wrong.submission = kWrong;
  std::cout << report::TextReport(*wrong, look_wrong)
            << "\nNext: ./duet list, then ./duet start " << kExercise << " my-server\n";
  const bool as_promised = ExitStatusOf(*right) == kFullScore && ExitStatusOf(*wrong) == kLess;
  return as_promised ? kFullScore : kLabFailure;
}

}  // namespace lab::cli
