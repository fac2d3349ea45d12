#include "sim/tcp/byte_queue.h"

#include <algorithm>
#include <utility>

namespace sim::tcp {

void ByteQueue::Append(lab::Payload bytes) {
  if (bytes.empty()) return;
  const uint64_t begin = end_;
  end_ += bytes.size();
  chunks_.push_back({begin, std::move(bytes)});
}

lab::Payload ByteQueue::Slice(size_t offset, size_t length) const {
  offset = std::min(offset, size());
  length = std::min(length, size() - offset);
  if (length == 0) return {};
  uint64_t position = begin_ + offset;
  const uint64_t end = position + length;

  auto chunk = chunks_.begin() + static_cast<ptrdiff_t>(first_);
  if (position >= chunk->end()) {
    chunk = std::upper_bound(chunk, chunks_.end(), position,
                             [](uint64_t at, const Chunk& each) { return at < each.begin; });
    --chunk;
  }
  lab::Payload slice = chunk->bytes.Slice(position - chunk->begin, length);
  for (position += slice.size(); position < end; position = begin_ + offset + slice.size()) {
    ++chunk;
    slice.Append(chunk->bytes.Slice(0, end - position));
  }
  return slice;
}

void ByteQueue::RemovePrefix(size_t length) {
  begin_ += std::min(length, size());
  if (empty()) return Clear();
  while (chunks_[first_].end() <= begin_) {
    chunks_[first_].bytes.Clear();
    ++first_;
  }
  // Half of it spent: what is left moves to the front, so that each piece moves once on average.
  if (first_ * 2 > chunks_.size()) {
    chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

void ByteQueue::Clear() {
  constexpr size_t kWorthKeeping = 64;  // chunks: a queue that is idle holds no more memory than that
  if (chunks_.capacity() > kWorthKeeping) {
    chunks_ = {};
  } else {
    chunks_.clear();
  }
  first_ = 0;
  begin_ = end_;
}

}  // namespace sim::tcp
