// The memory of a call, as the several buffers that readv and writev know; one is the usual case.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "lab/wire/payload.h"

namespace sim {

using Buffers = std::span<const iovec>;

inline size_t TotalSize(Buffers buffers) {
  size_t total = 0;
  for (const iovec& buffer : buffers) total += buffer.iov_len;
  return total;
}

// Copies `length` bytes in, from `offset` on. There must be that many.
lab::Payload Gather(Buffers buffers, size_t offset, size_t length);
// Copies `bytes` out, to `offset` and on, as far as there is space for them.
void Scatter(const lab::Payload& bytes, Buffers buffers, size_t offset);

}  // namespace sim
