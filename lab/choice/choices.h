// Every decision of a run that could have gone otherwise, as one kind of call.
//
// Guarantees:
//  1. Zero is always the benign and fair answer: `Choices::Benign()` gives a run without faults.
//  2. A (kind, actor) has a stream of its own: a new consumer of choices does not shift another's.
//  3. A run is its seed, or its list of deviations from zero keyed by (kind, actor, ordinal): replaying the
//     deviations that a seeded run recorded gives the same run, and leaving one out leaves the others
//     where they were.
// Integers only; nothing here reads a clock, memory addresses or the system's entropy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

namespace lab {

// What is decided. The values are part of a token: never renumber them.
enum class Choice : uint8_t {
  kSchedule = 0,       // which of the processes that can run does; actor: 0
  kLoss = 1,           // whether a packet is lost; actor: the link
  kJitter = 2,         // how much longer a packet takes; actor: the link
  kShortTransfer = 3,  // how many bytes fewer a send or recv moves; actor: the process
  kDuplicate = 4,      // whether a packet arrives twice; actor: the link
  kReorder = 5,        // whether a packet is overtaken; actor: the link
  kCorrupt = 6,        // whether a packet is changed on its way; actor: the link
  kCorruptBit = 7,     // which of its bits is; actor: the link
};

// One answer that was not zero.
struct Deviation {
  Choice kind;
  uint32_t actor;
  uint32_t ordinal;  // how many choices of this (kind, actor) came before it
  uint32_t value;    // never 0

  bool operator==(const Deviation&) const = default;
};

class Choices {
 public:
  // Always zero.
  static Choices Benign();
  // Drawn from `seed`.
  static Choices Seeded(uint64_t seed);
  // Zero, except where `deviations` says otherwise; a value that is too large for its choice counts as
  // the largest that fits.
  static Choices Replayed(std::vector<Deviation> deviations);

  // A number below `n`, uniformly where drawn. n must be at least 1.
  uint32_t Pick(Choice kind, uint32_t actor, uint32_t n);

  // True (1 in a deviation) with a probability of `parts_per_million`, false (0) otherwise.
  bool Chance(Choice kind, uint32_t actor, uint32_t parts_per_million);

  // What this run has decided so far, in the order decided.
  const std::vector<Deviation>& deviations() const { return recorded_; }

 private:
  enum class Mode { kBenign, kSeeded, kReplayed };
  using Stream = std::pair<Choice, uint32_t>;

  explicit Choices(Mode mode) : mode_(mode) {}
  uint64_t Draw(Stream stream, uint32_t ordinal) const;
  uint32_t Decide(Choice kind, uint32_t actor, uint32_t largest, uint32_t drawn, uint32_t ordinal);

  Mode mode_;
  uint64_t seed_ = 0;
  std::map<Stream, uint32_t> ordinals_;
  std::map<std::tuple<Choice, uint32_t, uint32_t>, uint32_t> replayed_;
  std::vector<Deviation> recorded_;
};

// Bytes that follow from `seed` and `stream` alone, `offset` bytes into the stream: what simulated processes
// get as randomness. Not for secrets.
void FillFromSeed(uint64_t seed, uint64_t stream, uint64_t offset, void* buffer, size_t length);

}  // namespace lab
