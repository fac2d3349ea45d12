// A running hash over the records of a run, by which two runs are told apart; not against somebody who wants two to
// be alike. The same on every machine.
//
// Each word of a record is multiplied by a factor of its place, and the products' two halves are added up: so the
// processor works on all of them at once, where a hash of word after word waits for each before it begins the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lab {

class Digest {
 public:
  // One record. Those of different kinds are told apart by what they say, in their first word for instance.
  template <size_t kCount>
  void Add(const uint64_t (&words)[kCount]) {
    uint64_t sum = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const Product product = Product{words[i]} * Factor(i);
      sum += static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    }
    Mix(sum);
  }

  void Add(std::string_view text) {
    Mix(text.size());
    for (size_t i = 0; i < text.size(); i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + i, std::min<size_t>(8, text.size() - i));
      Mix(word);
    }
  }

  uint64_t value() const { return value_; }

 private:
  __extension__ using Product = unsigned __int128;

  static constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;  // odd, as all of them, so that no step loses anything

  static constexpr uint64_t Factor(size_t place) { return kFactor * (2 * place + 1); }

  void Mix(uint64_t word) {
    value_ = (value_ ^ word) * kFactor;
    value_ ^= value_ >> 32;
  }

  uint64_t value_ = 0x243f6a8885a308d3;  // pi's fraction: anything but 0
};

}  // namespace lab
