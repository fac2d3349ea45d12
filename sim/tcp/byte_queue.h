// A queue of bytes that never moves them: what a process has written and the peer not yet acknowledged, or
// what has arrived and no process has read.
//
// Slicing costs the logarithm of the number of pieces, appending and removing a constant on average, however
// small the pieces: a program may write a megabyte byte by byte. A single piece, as queues mostly have, allocates
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "lab/wire/payload.h"
#include "sim/engine/fifo.h"

namespace sim::tcp {

class ByteQueue {
 public:
  size_t size() const { return rest_ == nullptr ? front_.size() : front_.size() + rest_->size(); }
  bool empty() const { return front_.empty(); }

  void Append(const lab::Payload& bytes) { empty() ? void(front_ = bytes) : AppendBehind(bytes); }
  // The `length` bytes that begin `offset` after the first; both are cut to what is there.
  lab::Payload Slice(size_t offset, size_t length) const {
    return has_rest() ? SliceAcross(offset, length) : front_.Slice(offset, length);
  }
  // Takes out the first `length` bytes (or all).
  lab::Payload Take(size_t length) {
    return has_rest() || length < size() ? TakePart(length) : std::exchange(front_, {});
  }
  // Forgets them.
  void RemovePrefix(size_t length) { has_rest() ? RemoveAcross(length) : front_.RemovePrefix(length); }
  void Clear() { *this = {}; }

 private:
  struct Chunk {
    uint64_t begin;
    lab::Payload bytes;
  };

  // What is behind the front. Positions count all bytes that ever were there.
  struct Rest {
    Fifo<Chunk> chunks;
    uint64_t end = 0;

    size_t size() const { return chunks.empty() ? 0 : static_cast<size_t>(end - chunks[0].begin); }
  };

  bool has_rest() const { return rest_ != nullptr && !rest_->chunks.empty(); }
  void AppendBehind(const lab::Payload& bytes);
  lab::Payload SliceAcross(size_t offset, size_t length) const;
  lab::Payload TakePart(size_t length);
  void RemoveAcross(size_t length);

  lab::Payload front_;          // empty where there is nothing
  std::unique_ptr<Rest> rest_;  // null before there was a second piece
};

}  // namespace sim::tcp
