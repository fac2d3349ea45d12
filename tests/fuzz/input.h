// A fuzzer's bytes, taken one after another; zeros once they have run out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return at_ >= size_; }
  uint8_t U8() { return empty() ? 0 : data_[at_++]; }
  uint16_t U16() {
    const uint8_t high = U8();
    return static_cast<uint16_t>(high << 8 | U8());
  }
  uint32_t U32() {
    const uint32_t high = U16();
    return high << 16 | U16();
  }
  bool Bool() { return (U8() & 1) != 0; }
  // The rest of them.
  std::string Rest() {
    std::string rest(reinterpret_cast<const char*>(data_) + at_, size_ - at_);
    at_ = size_;
    return rest;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

// Ends the process where something holds that never should: libFuzzer then keeps the input.
inline void Check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace fuzz

// What a target defines; libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
