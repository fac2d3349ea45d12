// Sequence numbers, which wrap around: comparisons hold for numbers less than 2^31 apart (RFC 9293, 3.4).
#pragma once

#include <cstdint>

namespace sim::tcp {

constexpr bool Before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }
constexpr bool After(uint32_t a, uint32_t b) { return Before(b, a); }
constexpr uint32_t Later(uint32_t a, uint32_t b) { return Before(a, b) ? b : a; }
constexpr uint32_t Earlier(uint32_t a, uint32_t b) { return Before(a, b) ? a : b; }

}  // namespace sim::tcp
