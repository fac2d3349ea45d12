#include "lab/run/values.h"

#include <cmath>
#include <span>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace lab::run {
namespace {

constexpr absl::Duration kLongest = absl::Hours(1'000);
constexpr double kLargest = 1e15;

struct Unit {
  const char* name;
  double factor;
};

absl::Status No(const std::string& text, const char* what, const char* examples) {
  return absl::InvalidArgumentError(absl::StrCat("`", text, "` is no ", what, ": write ", examples));
}

// The number before the first of the units that `text` ends with, times that; negative where there is none.
double WithUnit(absl::string_view text, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    absl::string_view number = text;
    double value = 0;
    if (!absl::ConsumeSuffix(&number, unit.name)) continue;
    if (!absl::SimpleAtod(number, &value) || !std::isfinite(value) || value < 0) return -1;
    return value * unit.factor;
  }
  return -1;
}

bool IsOneOf(char c, std::string_view these) { return these.find(c) != std::string_view::npos; }

}  // namespace

absl::StatusOr<Duration> ParseTime(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() || duration > kLongest) {
    return No(text, "duration", "20ms, 1.5s or 2m");
  }
  return absl::ToChronoNanoseconds(duration);
}

absl::StatusOr<uint32_t> ParsePart(const std::string& text) {
  constexpr Unit kUnits[] = {{"%", 10'000}};
  const double ppm = WithUnit(text, kUnits);
  if (ppm < 0 || ppm > 1'000'000) return No(text, "part of all packets", "1% or 0.01%");
  return static_cast<uint32_t>(std::lround(ppm));
}

absl::StatusOr<uint64_t> ParseRate(const std::string& text) {
  constexpr Unit kUnits[] = {{"Gbit/s", 1e9 / 8}, {"Mbit/s", 1e6 / 8}, {"kbit/s", 1e3 / 8}, {"bit/s", 1.0 / 8},
                             {"GB/s", 1e9},       {"MB/s", 1e6},       {"kB/s", 1e3},       {"B/s", 1}};
  const double bytes = WithUnit(text, kUnits);
  if (bytes < 1 || bytes > kLargest) return No(text, "rate", "10Mbit/s or 2MB/s");
  return static_cast<uint64_t>(bytes);
}

absl::StatusOr<uint64_t> ParseSize(const std::string& text) {
  constexpr Unit kUnits[] = {{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}};
  const double bytes = WithUnit(text, kUnits);
  if (bytes < 1 || bytes > kLargest) return No(text, "size", "1500B, 64KiB or 1MB");
  return static_cast<uint64_t>(bytes);
}

absl::StatusOr<std::vector<std::string>> SplitCommand(const std::string& command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < command.size(); ++i) {
    char c = command[i];
    if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = '\0';
      continue;
    }
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      continue;
    }
    if (c == '\\' && quote != '\'') {
      if (++i == command.size()) return absl::InvalidArgumentError("the command ends behind a backslash");
      // In "" a backslash stands for itself but before these.
      if (quote == '"' && !IsOneOf(command[i], "$`\"\\\n")) words.back() += c;
      c = command[i];
    } else if ((quote == '\0' && IsOneOf(c, "|&;<>*?[()")) || (quote != '\'' && IsOneOf(c, "$`"))) {
      return absl::InvalidArgumentError(absl::StrCat("`", std::string(1, c), "` is for a shell, and programs are ",
                                                     "started without one: write sh -c '…', or quote it"));
    }
    words.back() += c;
  }
  if (quote != '\0') {
    return absl::InvalidArgumentError(absl::StrCat("the command lacks a closing ", std::string(1, quote)));
  }
  if (words.empty()) return absl::InvalidArgumentError("the command is empty");
  return words;
}

}  // namespace lab::run
