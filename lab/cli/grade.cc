#include "lab/cli/grade.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/files.h"
#include "lab/cli/status_line.h"
#include "lab/report/report.h"
#include "lab/trace/printable.h"
#include "lab/trace/whole_file.h"

namespace lab::cli {
namespace {

using duet::v1::GradeEvent;

// Keeps the status line at what the events say.
class Watcher {
 public:
  void See(const GradeEvent& event) {
    if (event.has_scenario_started()) {
      const auto& started = event.scenario_started();
      now_ = absl::StrCat("[", started.number(), "/", started.count(), "] ", started.name(), " (", started.world(),
                          ")");
      line_.Show(now_);
    } else if (event.has_queued()) {
      const uint32_t before = event.queued().before();
      line_.Show(before == 0 ? "waiting for the server: next"
                             : absl::StrCat("waiting for the server: ", before, " before this one"));
    } else if (event.has_built()) {
      line_.Show("starting");
    } else if (event.has_progress() && event.progress().runs() > 1) {
      line_.Show(absl::StrCat(now_, "  run ", event.progress().runs_done(), " of ", event.progress().runs()));
    }
  }
  void Building() { line_.Show("building"); }

 private:
  StatusLine line_;
  std::string now_;
};

// One file a run, named for its scenario and world.
absl::Status WriteCaptures(const std::vector<GradeEvent::Capture>& captures, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(folder, ": ", error.message()));
  for (const auto& capture : captures) {
    const std::string name = std::filesystem::path(absl::StrCat(capture.name(), "-", capture.world())).filename();
    const absl::Status status = WriteWholeFile(absl::StrCat(folder, "/", name, ".pcapng"), capture.pcapng());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WriteFiles(const Graded& graded, const GradeOptions& options) {
  if (!options.pcap.empty()) {
    if (const absl::Status status = WriteCaptures(graded.captures, options.pcap); !status.ok()) return status;
  }
  if (options.json.empty()) return absl::OkStatus();
  return report::WriteJsonReport(*graded.report, options.json);
}

}  // namespace

absl::StatusOr<Graded> RequestGrade(Session& session, const duet::v1::GradeRequest& request) {
  Graded graded;
  Watcher watcher;
  watcher.Building();
  const absl::Status status = session.Do([&](grpc::ClientContext* context) {
    const auto reader = session.grader().Grade(context, request);
    GradeEvent event;
    while (reader->Read(&event)) {
      watcher.See(event);
      if (event.has_built()) graded.warnings += event.built().warnings();
      if (event.has_build_failed()) graded.build_failed = std::move(*event.mutable_build_failed());
      if (event.has_capture()) graded.captures.push_back(std::move(*event.mutable_capture()));
      if (event.has_report()) graded.report = std::move(*event.mutable_report());
    }
    return reader->Finish();
  });
  if (!status.ok()) return status;
  if (graded.report.has_value() == graded.build_failed.has_value()) {
    return absl::InternalError("the server ended the grading without a report");
  }
  return graded;
}

int ExitStatusOf(const duet::v1::Report& report) {
  const auto failed = [](const auto& row) { return row.verdict() == duet::v1::LAB_ERROR; };
  if (std::any_of(report.scenarios().begin(), report.scenarios().end(), failed)) return kLabFailure;
  // No world that was asked for exists here.
  const auto tried = [](const auto& row) { return row.runs() > 0; };
  if (std::none_of(report.scenarios().begin(), report.scenarios().end(), tried)) return kLabFailure;
  return report.score() == report.max_score() ? kFullScore : kLess;
}

int Grade(const GradeOptions& options, Interrupts& interrupts) {
  auto submission = ReadSubmission(options.submission);
  if (!submission.ok()) return Fail(submission.status());
  if (!options.json.empty()) {
    if (const absl::Status status = CheckWritable(options.json); !status.ok()) return Fail(status);
  }
  const auto session = Session::Open(options.server, interrupts);
  if (!session.ok()) return Fail(session.status());

  duet::v1::GradeRequest request;
  request.set_exercise(options.exercise);
  *request.mutable_submission() = *std::move(submission);
  request.mutable_submission()->set_in_process(options.in_process);
  request.set_sim(options.sim);
  request.set_real(options.real);
  request.set_seed(options.seed);
  request.set_runs(options.runs);
  request.set_capture(!options.pcap.empty());
  const auto graded = RequestGrade(**session, request);
  if (!graded.ok()) return Fail(graded.status());
  if (graded->build_failed.has_value()) {
    std::cerr << Printable(graded->build_failed->message());
    return kWrongUse;
  }
  std::cerr << Printable(graded->warnings);
  std::cout << report::TextReport(*graded->report,
                                  {.width = TerminalWidth(),
                                   .colour = WantsColour(),
                                   .submission = options.submission,
                                   .in_process = options.in_process})
            << std::flush;
  if (const absl::Status written = WriteFiles(*graded, options); !written.ok()) return Fail(written);
  return ExitStatusOf(*graded->report);
}

}  // namespace lab::cli
