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
#include <vector>

#include "lab/wire/payload.h"

namespace sim::tcp {

class ByteQueue {
 public:
  size_t size() const { return rest_ == nullptr ? front_.size() : front_.size() + rest_->size(); }
  bool empty() const { return front_.empty(); }

  void Append(lab::Payload bytes) {
    if (!empty()) return AppendBehind(std::move(bytes));
    front_ = std::move(bytes);
  }
  // The `length` bytes that begin `offset` after the first; both are cut to what is there.
  lab::Payload Slice(size_t offset, size_t length) const;
  // Takes out the first `length` bytes (or all).
  lab::Payload Take(size_t length);
  // Forgets them.
  void RemovePrefix(size_t length);
  void Clear();

 private:
  struct Chunk {
    uint64_t begin;
    lab::Payload bytes;

    uint64_t end() const { return begin + bytes.size(); }
  };

  // What is behind the front. Positions count all bytes that ever were. Those before chunks[first] are spent.
  struct Rest {
    std::vector<Chunk> chunks;
    size_t first = 0;
    uint64_t end = 0;

    bool empty() const { return first == chunks.size(); }
    size_t size() const { return empty() ? 0 : static_cast<size_t>(end - chunks[first].begin); }
    // The chunk that holds the byte `offset` after the first, which there is.
    std::vector<Chunk>::const_iterator Find(size_t offset) const;
    lab::Payload TakeFront();
  };

  bool has_rest() const { return rest_ != nullptr && !rest_->empty(); }
  void AppendBehind(lab::Payload bytes);

  lab::Payload front_;          // empty where there is nothing
  std::unique_ptr<Rest> rest_;  // null before there was a second piece
};

}  // namespace sim::tcp
