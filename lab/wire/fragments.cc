#include "lab/wire/fragments.h"

#include <algorithm>

namespace lab {

absl::InlinedVector<size_t, 1> FragmentSizes(size_t size, uint32_t mtu) {
  if (size <= mtu) return {size};
  constexpr size_t kHeader = 20;
  constexpr size_t kUnit = 8;  // in which offsets are counted
  const size_t most = std::max((std::max<size_t>(mtu, kHeader) - kHeader) / kUnit * kUnit, kUnit);
  absl::InlinedVector<size_t, 1> sizes;
  for (size_t left = size - kHeader; left > 0; left -= std::min(left, most)) {
    sizes.push_back(kHeader + std::min(left, most));
  }
  return sizes;
}

}  // namespace lab
