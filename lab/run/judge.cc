#include "lab/run/judge.h"

#include <algorithm>
#include <csignal>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "lab/grade/run.h"
#include "lab/trace/printable.h"

namespace lab::run {
namespace {

constexpr size_t kLastCalls = 5;
constexpr size_t kShownBytes = 200;

std::string Seconds(Duration duration) { return absl::FormatDuration(absl::FromChrono(duration)); }

std::string Shown(std::string_view text) {
  const bool cut = text.size() > kShownBytes;
  return absl::StrCat("\"", Quotable(text.substr(0, kShownBytes)), cut ? "…\"" : "\"");
}

// The last calls of the program, for one that a signal ended.
std::string LastCalls(const Trace& trace, ProcessId process) {
  std::vector<std::string> calls;
  for (auto event = trace.events().rbegin(); event != trace.events().rend() && calls.size() < kLastCalls; ++event) {
    const auto* call = std::get_if<CallEvent>(&*event);
    if (call != nullptr && call->process == process) calls.push_back(ToString(call->entry, trace));
  }
  std::reverse(calls.begin(), calls.end());
  return calls.empty() ? "" : absl::StrCat("; its last calls: ", absl::StrJoin(calls, ", "));
}

class Judgement {
 public:
  Judgement(const Plan& plan, const Trace& trace, Played& played) : plan_(plan), trace_(trace), played_(played) {}

  void Make() {
    for (const Program& program : played_.programs) Reports(program);
    played_.problems.insert(played_.problems.end(), played_.idle_faults.begin(), played_.idle_faults.end());
    if (plan_.expectations.empty()) EndedWell();
    for (const PlannedExpectation& expected : plan_.expectations) Expect(expected);
    if (plan_.expectations.empty() || !played_.problems.empty()) WhyItEnded();
  }

 private:
  using Program = Played::Program;

  void Problem(const std::string& program, const std::string& sentence) {
    played_.problems.push_back(absl::StrCat(program, ": ", sentence));
  }

  static bool IsTheLabs(std::string_view key) {
    return key == kLabErrorReport || key == kUnsupportedReport || key == kLimitReport;
  }

  // What the lab itself says of it.
  void Reports(const Program& program) {
    for (const auto& [key, sentence] : program.outcome.reports) {
      played_.lab_error |= key == kLabErrorReport;
      if (IsTheLabs(key)) Problem(program.name, sentence);
    }
  }

  bool Reported(const Program& program) const {
    const auto& reports = program.outcome.reports;
    return std::any_of(reports.begin(), reports.end(), [](const auto& report) { return IsTheLabs(report.first); });
  }

  // How it ended, with what led to it where that was a signal.
  std::string End(const Program& program) const {
    std::string end = DescribeEnd(program);
    if (program.outcome.exited && program.outcome.exit_status > 128) {
      absl::StrAppend(&end, LastCalls(trace_, program.process));
    }
    return end;
  }

  // Where nothing is expected, every program ends well, by a fault or serves.
  void EndedWell() {
    for (const Program& program : played_.programs) {
      const bool well = program.outcome.exit_status == (program.killed ? 128 + SIGKILL : 0);
      if (Reported(program) || (program.outcome.exited && well)) continue;
      if (program.outcome.exited || program.process < 0) Problem(program.name, End(program));
    }
  }

  void WhyItEnded() {
    if (played_.end == Played::End::kLimit) {
      played_.problems.push_back(absl::StrCat("the run's limit of ", Seconds(plan_.limit), " has passed (--limit)"));
    }
    if (played_.end != Played::End::kStandstill) return;
    played_.problems.push_back("all wait, and nothing can happen any more:");
    for (const absl::string_view line : absl::StrSplit(played_.standstill, '\n', absl::SkipEmpty())) {
      played_.problems.push_back(absl::StrCat("  ", line));
    }
  }

  void Expect(const PlannedExpectation& expected) {
    const Program& program = played_.programs[expected.program];
    const duet::v1::Expectation& text = expected.text;
    const auto fails = [&](const std::string& wanted, const std::string& happened) {
      Problem(program.name, absl::StrCat("expected ", wanted, ", but it ", happened));
    };
    if (text.has_exit_status() && (!program.outcome.exited || program.outcome.exit_status != text.exit_status())) {
      fails(absl::StrCat("exit status ", text.exit_status()), End(program));
    }
    if (text.has_runs() && (program.process < 0 || text.runs() == program.outcome.exited)) {
      fails(text.runs() ? "it to run on" : "it to end", End(program));
    }
    const std::string wrote = absl::StrCat("wrote ", Shown(program.outcome.output));
    if (text.has_output() && program.outcome.output != text.output()) {
      fails(absl::StrCat("the output ", Shown(text.output())), wrote);
    }
    for (const std::string& piece : text.output_has()) {
      if (!absl::StrContains(program.outcome.output, piece)) fails(absl::StrCat(Shown(piece), " in its output"), wrote);
    }
    for (const std::string& piece : text.output_lacks()) {
      if (!absl::StrContains(program.outcome.output, piece)) continue;
      fails(absl::StrCat("no ", Shown(piece), " in its output"), wrote);
    }
    for (const std::string& piece : text.errors_have()) {
      if (absl::StrContains(program.outcome.error_output, piece)) continue;
      fails(absl::StrCat(Shown(piece), " in its error output"),
            absl::StrCat("wrote ", Shown(program.outcome.error_output), " there"));
    }
  }

  const Plan& plan_;
  const Trace& trace_;
  Played& played_;
};

}  // namespace

std::string DescribeEnd(const Played::Program& program) {
  return program.process >= 0 ? grade::DescribeEnd(program.outcome) : "was never started: the run was over before";
}

void Judge(const Plan& plan, const Trace& trace, Played& played) { Judgement(plan, trace, played).Make(); }

}  // namespace lab::run
