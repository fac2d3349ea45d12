// Numbers in network byte order, and the Internet's checksum (RFC 1071). For lab/wire's own files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lab {

class Writer {
 public:
  explicit Writer(std::vector<uint8_t>& bytes) : bytes_(bytes) {}

  void U8(uint8_t value) { bytes_.push_back(value); }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value >> 8));
    U8(static_cast<uint8_t>(value));
  }
  void U32(uint32_t value) {
    U16(static_cast<uint16_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
  }

 private:
  std::vector<uint8_t>& bytes_;
};

inline uint16_t U16At(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

inline uint32_t U32At(std::span<const uint8_t> bytes, size_t at) {
  return uint32_t{U16At(bytes, at)} << 16 | U16At(bytes, at + 2);
}

inline void StoreU16(std::span<uint8_t> bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

// The sum, not yet folded: sums of several pieces of even length add up.
inline uint64_t Sum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += U16At(bytes, i);
  if (bytes.size() % 2 != 0) sum += uint64_t{bytes.back()} << 8;
  return sum;
}

// What a header has for a sum; 0 where its own field holds that already.
inline uint16_t Checksum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

}  // namespace lab
