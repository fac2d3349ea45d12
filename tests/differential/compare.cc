#include "tests/differential/compare.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace differential {
namespace {

// How often the kernel must repeat what it said before a divergence counts.
constexpr int kConfirmations = 15;

size_t FirstDifference(const Transcript& a, const Transcript& b) {
  const auto found = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(found.first - a.begin());
}

// An outcome without what is particular to the program.
std::string Shape(const Seen& seen) {
  if (seen.returned == Seen::kNever) return seen.text.empty() ? "never returns" : seen.text;
  if (seen.returned != seen.step) return "waits";
  std::vector<absl::string_view> words = absl::StrSplit(seen.text, ' ');
  for (absl::string_view& word : words) {
    if (!word.empty() && absl::ascii_isdigit(static_cast<unsigned char>(word[0])) && word != "0") word = "n";
  }
  // Bytes, addresses: that they differ is enough.
  if (words.size() > 8) words.resize(8);
  std::string text;
  for (const absl::string_view word : words) absl::StrAppend(&text, text.empty() ? "" : " ", word);
  return text;
}

std::string Kind(const Program& program, const Seen& kernel, const Seen& simulated) {
  const char* call = "close at the end";
  for (const Step& step : program.steps) {
    if (step.id == kernel.step) call = NameOf(step.call);
  }
  return absl::StrCat(call, ": kernel ", Shape(kernel), ", simulation ", Shape(simulated));
}

}  // namespace

Comparison Compare(const Program& program, Stage& kernel, Stage& simulated) {
  Comparison result;
  result.kernel = Run(program, kernel);
  if (Run(program, kernel) != result.kernel) {
    result.verdict = Verdict::kDiscarded;
    return result;
  }
  result.simulated = Run(program, simulated);
  if (result.simulated == result.kernel) return result;
  if (std::any_of(result.kernel.begin(), result.kernel.end(), [](const Seen& seen) { return seen.contended; })) {
    result.verdict = Verdict::kDiscarded;
    return result;
  }
  for (int i = 0; i < kConfirmations; ++i) {
    if (Run(program, kernel) == result.kernel) continue;
    result.verdict = Verdict::kDiscarded;
    return result;
  }
  result.verdict = Verdict::kDiverged;
  result.first = FirstDifference(result.kernel, result.simulated);
  // One may have closed more in the end than the other.
  const size_t last = std::min(result.kernel.size(), result.simulated.size()) - 1;
  const size_t place = std::min(result.first, last);
  result.kind = Kind(program, result.kernel[place], result.simulated[place]);
  return result;
}

}  // namespace differential
