#include "lab/grade/run.h"

#include <csignal>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace lab::grade {
namespace {

// How long a server may take until it listens: generous, because the real world shares the machine with others.
constexpr Duration kMostUntilListening = std::chrono::seconds(20);

std::string Print(Duration duration) { return absl::FormatDuration(absl::FromChrono(duration)); }

}  // namespace

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed: return "PASSED";
    case Verdict::kSkipped: return "SKIPPED";
    case Verdict::kAmbiguous: return "AMBIGUOUS";
    case Verdict::kUnsupported: return "UNSUPPORTED";
    case Verdict::kFailed: return "FAILED";
    case Verdict::kLabError: return "LAB_ERROR";
  }
  return "LAB_ERROR";
}

std::string DescribeEnd(const Outcome& outcome) {
  if (!outcome.exited) return "is still running";
  if (outcome.exit_status <= 128) return absl::StrCat("ended with status ", outcome.exit_status);
  const int signal = outcome.exit_status - 128;
  const char* abbreviation = sigabbrev_np(signal);
  if (abbreviation == nullptr) return absl::StrCat("ended with status ", outcome.exit_status);
  return absl::StrCat("was ended by SIG", abbreviation, " (", sigdescr_np(signal), ")");
}

Run::Run(World& world, const Submission& submission, const Submission& reference)
    : world_(world), submission_(submission), reference_(reference) {}

ProcessId Run::StartSubmission(const std::string& role, HostId host, StartOptions options) {
  if (options.name.empty()) options.name = role;
  const ProcessId process = world_.Start(host, options, submission_.at(role));
  submitted_.push_back({process, options.name});
  return process;
}

ProcessId Run::StartReference(const std::string& role, HostId host, StartOptions options) {
  if (options.name.empty()) options.name = role;
  return world_.Start(host, options, reference_.at(role));
}

bool Run::Expect(std::string name, bool passed, std::string expected, std::string happened, std::string hint) {
  Check check{std::move(name), passed, std::move(expected), passed ? "" : std::move(happened), std::move(hint)};
  for (Check& earlier : checks_) {
    if (earlier.name != check.name) continue;
    if (earlier.passed && !passed) earlier = std::move(check);
    return passed;
  }
  checks_.push_back(std::move(check));
  return passed;
}

bool Run::ExpectListening(ProcessId server, HostId host, uint16_t port) {
  world_.RunUntil([&] { return world_.outcome(server).exited || world_.Listening(host, port); }, kMostUntilListening);
  const Outcome& outcome = world_.outcome(server);
  const bool listens = world_.Listening(host, port);
  std::string happened = "it " + DescribeEnd(outcome) + ", and nothing listens there";
  if (const std::string waiting = Waiting(); !waiting.empty()) absl::StrAppend(&happened, ": ", waiting);
  return Expect("listens", listens, absl::StrCat("the server listens on port ", port), std::move(happened));
}

bool Run::ExpectExit(ProcessId process, Duration limit) {
  const bool ended = world_.RunUntil([&] { return world_.outcome(process).exited; }, limit);
  std::string happened = Waiting();
  if (happened.empty()) happened = absl::StrCat("it was still running after ", Print(limit));
  return Expect("ends", ended, "the program ends by itself", std::move(happened));
}

bool Run::ExpectRunning(ProcessId process) {
  const Outcome& outcome = world_.outcome(process);
  return Expect("keeps running", !outcome.exited, "the program keeps running", "it " + DescribeEnd(outcome));
}

std::string Run::Waiting() const {
  const std::string deadlock = world_.Deadlock();
  if (deadlock.empty()) return "";
  const std::vector<std::string> lines = absl::StrSplit(deadlock, '\n', absl::SkipEmpty());
  return "everybody waits, and nothing can happen any more: " + absl::StrJoin(lines, "; ");
}

void Run::Finish() {
  for (const Started& started : submitted_) {
    const Outcome& outcome = world_.outcome(started.process);
    if (outcome.HasReport(kLabErrorReport)) {
      lab_error_ = true;
      remark_ = outcome.Report(kLabErrorReport);
      return;
    }
    if (outcome.HasReport(kUnsupportedReport) && !unsupported_) {
      unsupported_ = true;
      remark_ = outcome.Report(kUnsupportedReport);
    }
    if (outcome.HasReport(kLimitReport)) {
      Expect("limits", false, started.name + " stays within its limits", outcome.Report(kLimitReport));
    }
  }
  // What failed because the lab ended the program says nothing about it.
  if (unsupported_) std::erase_if(checks_, [](const Check& check) { return !check.passed; });
  if (checks_.empty() && !unsupported_) {
    lab_error_ = true;
    remark_ = "the scenario checked nothing";
  }
}

std::string Run::ErrorOutput() const {
  std::string all;
  for (const Started& started : submitted_) {
    const Outcome& outcome = world_.outcome(started.process);
    if (outcome.error_output.empty()) continue;
    if (submitted_.size() > 1) absl::StrAppend(&all, started.name, ":\n");
    absl::StrAppend(&all, outcome.error_output);
    if (all.back() != '\n') all += '\n';
  }
  return all;
}

Verdict Run::verdict() const {
  if (lab_error_) return Verdict::kLabError;
  if (unsupported_) return Verdict::kUnsupported;
  for (const Check& check : checks_) {
    if (!check.passed) return Verdict::kFailed;
  }
  return Verdict::kPassed;
}

}  // namespace lab::grade
