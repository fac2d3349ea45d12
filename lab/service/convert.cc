#include "lab/service/convert.h"

#include "absl/strings/str_format.h"
#include "lab/grade/score.h"
#include "lab/trace/printable.h"

namespace lab::service {
duet::v1::Verdict ToProto(grade::Verdict verdict) {
  switch (verdict) {
    case grade::Verdict::kPassed: return duet::v1::PASSED;
    case grade::Verdict::kSkipped: return duet::v1::SKIPPED;
    case grade::Verdict::kAmbiguous: return duet::v1::AMBIGUOUS;
    case grade::Verdict::kUnsupported: return duet::v1::UNSUPPORTED;
    case grade::Verdict::kFailed: return duet::v1::FAILED;
    case grade::Verdict::kLabError: return duet::v1::LAB_ERROR;
  }
  return duet::v1::LAB_ERROR;
}

grade::Verdict FromProto(duet::v1::Verdict verdict) {
  switch (verdict) {
    case duet::v1::PASSED: return grade::Verdict::kPassed;
    case duet::v1::SKIPPED: return grade::Verdict::kSkipped;
    case duet::v1::AMBIGUOUS: return grade::Verdict::kAmbiguous;
    case duet::v1::UNSUPPORTED: return grade::Verdict::kUnsupported;
    case duet::v1::FAILED: return grade::Verdict::kFailed;
    default: return grade::Verdict::kLabError;
  }
}

const char* WorldName(WorldKind world) { return world == WorldKind::kSim ? "sim" : "real"; }

duet::v1::ScenarioReport ToReport(const grade::Scenario& scenario, WorldKind world,
                                  const grade::ScenarioResult& result) {
  duet::v1::ScenarioReport report;
  report.set_name(scenario.name);
  report.set_title(scenario.title);
  report.set_world(WorldName(world));
  report.set_verdict(ToProto(result.run.verdict));
  report.set_points(grade::EarnsPoints(result.run.verdict) ? scenario.points : 0);
  report.set_max_points(scenario.points);
  for (const grade::Check& check : result.run.checks) {
    duet::v1::CheckReport* const to = report.add_checks();
    to->set_name(check.name);
    to->set_passed(check.passed);
    to->set_expected(Printable(check.expected));
    to->set_happened(Printable(check.happened));
    to->set_hint(Printable(check.hint));
  }
  report.set_remark(Printable(result.run.remark));
  report.set_error_output(Printable(result.run.error_output));
  report.set_runs(result.runs);
  if (world == WorldKind::kSim && result.runs > 0) {
    report.set_seed(result.seed);
    report.set_hash(absl::StrFormat("%016x", result.run.trace.hash()));
  }
  return report;
}

}  // namespace lab::service
