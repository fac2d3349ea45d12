// For tests: waiting for what other processes of this machine bring about, and tell nobody.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace lab {

// Whether the condition holds now or comes to hold; false where it doesn't within half a minute, which is long enough
// for a machine that is busy with other things. Blocks.
inline bool BecomesTrue(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace lab
