// The name of one simulated run, short enough to be read out: `02-server/overflow:s7:9c1e7a33:4tk`.
//
// It has the exercise and scenario, the seed, where a run is not its seed alone the deviations from the benign one
// (`s7.0g40r2`), the first half of the run's hash, and a check, so that a typo is noticed rather than replayed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/choice/choices.h"

namespace lab::grade {

struct Token {
  std::string exercise;
  std::string scenario;
  uint64_t seed = 0;
  // Where there are some, the run's choices are these and not drawn; the seed is then that of its random bytes.
  std::optional<std::vector<Deviation>> deviations;
  uint32_t hash = 0;  // see ShortHash

  bool operator==(const Token&) const = default;

  // The choices of the run.
  Choices MakeChoices() const;
};

// The half of a run's hash that a token keeps.
inline uint32_t ShortHash(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

std::string ToString(const Token& token);

// InvalidArgument, with a sentence, where `text` is not a token.
absl::StatusOr<Token> ParseToken(std::string_view text);

}  // namespace lab::grade
