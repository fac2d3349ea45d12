#include "sim/udp/inbox.h"

#include <utility>

namespace sim::udp {
namespace {

// Measured by how many fit into a buffer: a descriptor of 256 bytes, and the packet with its headers (and the kernel's
// own record of 320 bytes behind it) in the next larger piece that the allocator has.
constexpr uint32_t kDescriptor = 256;
constexpr uint32_t kSmallest = 576;
constexpr uint32_t kPage = 4'096;
// What stands around the payload, by the way that it came.
constexpr uint32_t kAroundByLoopback = 378;
constexpr uint32_t kAroundByTun = 411;
// Beyond this a packet sent inside its host is put into pages, which are counted by the bytes in them.
constexpr uint32_t kLargestPiece = 16'384;

}  // namespace

uint32_t MemoryFor(size_t length, bool loopback) {
  const auto needed = static_cast<uint32_t>(length) + (loopback ? kAroundByLoopback : kAroundByTun);
  if (needed < kSmallest) return kDescriptor + kSmallest;
  if (loopback && needed >= kLargestPiece) return kDescriptor + kSmallest + static_cast<uint32_t>(length);
  uint32_t piece = 1'024;
  while (piece <= needed && piece < 2 * kPage) piece *= 2;
  if (loopback) {
    if (piece <= needed) piece = kLargestPiece;
  } else if (piece <= needed) {
    piece = (needed / kPage + 1) * kPage;
  }
  return kDescriptor + piece;
}

bool Inbox::Add(Datagram datagram) {
  if (memory_ > 0 && memory_ + datagram.memory > limit_) return false;
  memory_ += datagram.memory;
  waiting_.push_back(std::move(datagram));
  return true;
}

void Inbox::Pop() {
  if (batch_ == 0) batch_ = size();
  --batch_;
  to_give_back_ += waiting_.TakeFront().memory;
  if (to_give_back_ >= limit_ / 4 || batch_ == 0) memory_ -= std::exchange(to_give_back_, 0);
}

}  // namespace sim::udp
