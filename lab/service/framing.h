// How messages stand in a stream: each behind its length, four bytes, the lowest first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lab::service {

constexpr size_t kFrameHead = 4;

inline std::string Framed(std::string_view body) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(body.size() >> shift & 0xff);
  bytes += body;
  return bytes;
}

// Of at least kFrameHead bytes.
inline size_t LengthFrom(std::string_view head) {
  size_t length = 0;
  for (size_t i = 0; i < kFrameHead; ++i) length |= size_t{static_cast<unsigned char>(head[i])} << (8 * i);
  return length;
}

}  // namespace lab::service
