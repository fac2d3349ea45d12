// Numbers that follow from a seed alone, the same with every library (SplitMix64).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace differential {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Below n, which must be at least 1. The bias of the remainder is of no account here.
  size_t Below(size_t n) { return static_cast<size_t>(Next() % n); }
  // True in `percent` of a hundred cases.
  bool Chance(int percent) { return Below(100) < static_cast<size_t>(percent); }

  template <typename T>
  T Among(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }
  template <typename T>
  const T& Among(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace differential
