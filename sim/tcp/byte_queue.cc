#include "sim/tcp/byte_queue.h"

#include <algorithm>

namespace sim::tcp {

std::vector<ByteQueue::Chunk>::const_iterator ByteQueue::Rest::Find(size_t offset) const {
  const auto begin = chunks.begin() + static_cast<ptrdiff_t>(first);
  const auto behind = std::upper_bound(begin, chunks.end(), begin->begin + offset,
                                       [](uint64_t at, const Chunk& each) { return at < each.begin; });
  return behind - 1;
}

lab::Payload ByteQueue::Rest::TakeFront() {
  lab::Payload bytes = std::move(chunks[first].bytes);
  ++first;
  // Half of it spent: what is left moves to the front, so that each piece moves once on average.
  if (first * 2 > chunks.size()) {
    chunks.erase(chunks.begin(), chunks.begin() + static_cast<ptrdiff_t>(first));
    first = 0;
  }
  return bytes;
}

void ByteQueue::AppendBehind(lab::Payload bytes) {
  if (bytes.empty()) return;
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
  const uint64_t begin = rest_->end;
  rest_->end += bytes.size();
  rest_->chunks.push_back({begin, std::move(bytes)});
}

lab::Payload ByteQueue::Slice(size_t offset, size_t length) const {
  lab::Payload slice = front_.Slice(offset, length);
  if (slice.size() == length || !has_rest()) return slice;
  const size_t behind = offset + slice.size() - front_.size();  // where it goes on, or begins, behind the front
  if (behind >= rest_->size()) return slice;
  auto chunk = rest_->Find(behind);
  size_t from = behind - static_cast<size_t>(chunk->begin - rest_->chunks[rest_->first].begin);
  for (; slice.size() < length && chunk != rest_->chunks.end(); ++chunk) {
    slice.Append(chunk->bytes.Slice(from, length - slice.size()));
    from = 0;
  }
  return slice;
}

lab::Payload ByteQueue::Take(size_t length) {
  if (length >= front_.size() && !has_rest()) return std::exchange(front_, {});
  lab::Payload bytes = Slice(0, length);
  RemovePrefix(bytes.size());
  return bytes;
}

void ByteQueue::RemovePrefix(size_t length) {
  while (length >= front_.size()) {
    if (!has_rest()) return Clear();
    length -= front_.size();
    front_ = rest_->TakeFront();
  }
  front_.RemovePrefix(length);
}

void ByteQueue::Clear() {
  front_.Clear();
  constexpr size_t kWorthKeeping = 64;  // chunks: a queue that is idle holds no more memory than that
  if (rest_ == nullptr) return;
  if (rest_->chunks.capacity() > kWorthKeeping) return rest_.reset();
  rest_->chunks.clear();
  rest_->first = 0;
}

}  // namespace sim::tcp
