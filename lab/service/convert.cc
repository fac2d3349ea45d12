#include "lab/service/convert.h"

#include <string>

#include "absl/strings/str_format.h"
#include "lab/grade/score.h"

namespace lab::service {
namespace {

// What is not UTF-8 can't be a protobuf string, and programs print anything.
std::string ToUtf8(const std::string& text) {
  std::string valid;
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = byte < 0x80 ? 1 : byte >> 5 == 6 ? 2 : byte >> 4 == 14 ? 3 : byte >> 3 == 30 ? 4 : 0;
    bool whole = length != 0 && i + length <= text.size() && byte != 0xc0 && byte != 0xc1 && byte <= 0xf4;
    for (size_t k = 1; whole && k < length; ++k) whole = (static_cast<unsigned char>(text[i + k]) >> 6) == 2;
    // Overlong forms, surrogates, and what lies above U+10FFFF.
    if (whole && length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      whole = !(byte == 0xe0 && second < 0xa0) && !(byte == 0xed && second > 0x9f) &&
              !(byte == 0xf0 && second < 0x90) && !(byte == 0xf4 && second > 0x8f);
    }
    if (whole) {
      valid.append(text, i, length);
      i += length;
    } else {
      valid += "\uFFFD";
      ++i;
    }
  }
  return valid;
}

}  // namespace

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
    to->set_expected(ToUtf8(check.expected));
    to->set_happened(ToUtf8(check.happened));
    to->set_hint(ToUtf8(check.hint));
  }
  report.set_remark(ToUtf8(result.run.remark));
  report.set_error_output(ToUtf8(result.run.error_output));
  report.set_runs(result.runs);
  if (world == WorldKind::kSim && result.runs > 0) {
    report.set_seed(result.seed);
    report.set_hash(absl::StrFormat("%016x", result.run.trace.hash()));
  }
  return report;
}

}  // namespace lab::service
