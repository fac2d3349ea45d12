#include "sim/host/buffers.h"

namespace sim {

lab::Payload Gather(Buffers buffers, size_t offset, size_t length) {
  if (buffers.size() == 1) return lab::Payload::Copy(static_cast<const char*>(buffers[0].iov_base) + offset, length);
  lab::Payload gathered;
  for (const iovec& buffer : buffers) {
    if (length == 0) break;
    const size_t skipped = std::min(offset, buffer.iov_len);
    const size_t taken = std::min(length, buffer.iov_len - skipped);
    offset -= skipped;
    length -= taken;
    if (taken == 0) continue;
    const lab::Payload part = lab::Payload::Copy(static_cast<const char*>(buffer.iov_base) + skipped, taken);
    if (length == 0 && gathered.empty()) return part;
    gathered.Append(part);
  }
  return gathered;
}

void Scatter(const lab::Payload& bytes, Buffers buffers, size_t offset) {
  size_t copied = 0;
  for (const iovec& buffer : buffers) {
    if (copied == bytes.size()) return;
    const size_t skipped = std::min(offset, buffer.iov_len);
    offset -= skipped;
    if (buffer.iov_len == skipped) continue;
    copied += bytes.CopyTo(static_cast<char*>(buffer.iov_base) + skipped, buffer.iov_len - skipped, copied);
  }
}

}  // namespace sim
