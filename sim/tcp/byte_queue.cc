#include "sim/tcp/byte_queue.h"

#include <algorithm>

namespace sim::tcp {

void ByteQueue::AppendBehind(const lab::Payload& bytes) {
  if (bytes.empty()) return;
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
  rest_->chunks.push_back({rest_->end, bytes});
  rest_->end += bytes.size();
}

lab::Payload ByteQueue::SliceAcross(size_t offset, size_t length) const {
  lab::Payload slice = front_.Slice(offset, length);
  size_t behind = offset + slice.size() - front_.size();  // where it goes on, or begins, behind the front
  if (slice.size() == length || behind >= rest_->size()) return slice;
  const Fifo<Chunk>& chunks = rest_->chunks;
  const uint64_t position = chunks[0].begin + behind;
  auto chunk = std::upper_bound(chunks.begin(), chunks.end(), position,
                                [](uint64_t at, const Chunk& each) { return at < each.begin; }) - 1;
  size_t from = static_cast<size_t>(position - chunk->begin);
  for (; slice.size() < length && chunk != chunks.end(); ++chunk) {
    slice.Append(chunk->bytes.Slice(from, length - slice.size()));
    from = 0;
  }
  return slice;
}

lab::Payload ByteQueue::TakePart(size_t length) {
  lab::Payload bytes = Slice(0, length);
  RemovePrefix(bytes.size());
  return bytes;
}

void ByteQueue::RemoveAcross(size_t length) {
  constexpr size_t kWorthKeeping = 8;  // chunks: a queue that is idle holds no more memory than that
  while (length >= front_.size() && !rest_->chunks.empty()) {
    length -= front_.size();
    front_ = rest_->chunks.TakeFront().bytes;
  }
  front_.RemovePrefix(length);
  if (empty() && rest_->chunks.capacity() > kWorthKeeping) rest_.reset();
}

}  // namespace sim::tcp
