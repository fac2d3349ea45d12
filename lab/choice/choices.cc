#include "lab/choice/choices.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace lab {
namespace {

// SplitMix64's finaliser: enough mixing that streams keyed by small integers are unrelated, and the same
// everywhere, which std:: distributions are not.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Choices Choices::Benign() { return Choices(Mode::kBenign); }

Choices Choices::Seeded(uint64_t seed) {
  Choices choices(Mode::kSeeded);
  choices.seed_ = seed;
  return choices;
}

Choices Choices::Replayed(std::vector<Deviation> deviations) {
  Choices choices(Mode::kReplayed);
  for (const Deviation& d : deviations) choices.replayed_[{d.kind, d.actor, d.ordinal}] = d.value;
  return choices;
}

uint64_t Choices::Draw(Stream stream, uint32_t ordinal) const {
  const uint64_t key = (uint64_t{static_cast<uint8_t>(stream.first)} << 32) | stream.second;
  return Mix(Mix(seed_ ^ Mix(key)) + ordinal);
}

uint32_t Choices::Decide(Choice kind, uint32_t actor, uint32_t largest, uint32_t drawn, uint32_t ordinal) {
  uint32_t value = 0;
  if (mode_ == Mode::kSeeded) value = drawn;
  if (mode_ == Mode::kReplayed) {
    const auto found = replayed_.find({kind, actor, ordinal});
    if (found != replayed_.end()) value = std::min(found->second, largest);
  }
  if (value != 0) recorded_.push_back({kind, actor, ordinal, value});
  return value;
}

uint32_t Choices::Pick(Choice kind, uint32_t actor, uint32_t n) {
  if (n == 0) std::abort();
  const uint32_t ordinal = ordinals_[{kind, actor}]++;
  // The modulo's bias is below n / 2^64: far less than a test could see.
  const uint32_t drawn = mode_ == Mode::kSeeded ? Draw({kind, actor}, ordinal) % n : 0;
  return Decide(kind, actor, n - 1, drawn, ordinal);
}

bool Choices::Chance(Choice kind, uint32_t actor, uint32_t parts_per_million) {
  const uint32_t ordinal = ordinals_[{kind, actor}]++;
  const bool drawn = mode_ == Mode::kSeeded && Draw({kind, actor}, ordinal) % 1'000'000 < parts_per_million;
  return Decide(kind, actor, 1, drawn ? 1 : 0, ordinal) != 0;
}

void FillFromSeed(uint64_t seed, uint64_t stream, uint64_t offset, void* buffer, size_t length) {
  auto* out = static_cast<unsigned char*>(buffer);
  for (size_t i = 0; i < length; ++i) {
    const uint64_t at = offset + i;
    const uint64_t word = Mix(Mix(seed ^ Mix(~stream)) + at / 8);
    out[i] = static_cast<unsigned char>(word >> (8 * (at % 8)));
  }
}

}  // namespace lab
