#include <iostream>
#include <utility>

#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/files.h"
#include "lab/cli/session.h"
#include "lab/cli/status_line.h"
#include "lab/report/report.h"
#include "lab/trace/printable.h"
#include "lab/trace/whole_file.h"

namespace lab::cli {

int Replay(const ReplayOptions& options, Interrupts& interrupts) {
  auto submission = ReadSubmission(options.submission);
  if (!submission.ok()) return Fail(submission.status());
  if (!options.pcap.empty()) {
    if (const absl::Status status = CheckWritable(options.pcap); !status.ok()) return Fail(status);
  }
  const auto session = Session::Open(options.server, interrupts);
  if (!session.ok()) return Fail(session.status());

  duet::v1::ReplayRequest request;
  request.set_token(options.token);
  *request.mutable_submission() = *std::move(submission);
  request.mutable_submission()->set_in_process(options.in_process);
  request.set_capture(!options.pcap.empty());
  duet::v1::ReplayResponse response;
  const absl::Status status = (*session)->Do(
      [&](grpc::ClientContext* context) { return (*session)->grader().Replay(context, request, &response); });
  if (!status.ok()) return Fail(status);
  if (response.has_build_failed()) {
    std::cerr << Printable(response.build_failed().message());
    return kWrongUse;
  }
  std::cout << report::TextScenario(
      response.scenario(), {.width = TerminalWidth(),
                            .colour = WantsColour(),
                            .submission = options.submission,
                            .in_process = options.in_process});
  std::cout << "\n"
            << (response.same() ? "The run is the same as then: hash "
                                : "The run is another one than then, so the program is another one too: hash ")
            << response.scenario().hash() << "\n"
            << std::flush;
  if (!options.pcap.empty()) {
    if (const absl::Status written = WriteWholeFile(options.pcap, response.pcapng()); !written.ok()) {
      return Fail(written);
    }
  }
  switch (response.scenario().verdict()) {
    case duet::v1::PASSED: return kFullScore;
    case duet::v1::LAB_ERROR: return kLabFailure;
    default: return kLess;
  }
}

}  // namespace lab::cli
