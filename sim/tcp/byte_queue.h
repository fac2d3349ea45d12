// A queue of bytes that never moves them: what a process has written and the peer not yet acknowledged, or
// what has arrived and no process has read.
//
// Slicing costs the logarithm of the number of pieces, appending and removing a constant on average, however
// small the pieces: a program may write a megabyte byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lab/wire/payload.h"

namespace sim::tcp {

class ByteQueue {
 public:
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  bool empty() const { return begin_ == end_; }

  void Append(lab::Payload bytes);
  // The `length` bytes that begin `offset` after the first; both are cut to what is there.
  lab::Payload Slice(size_t offset, size_t length) const;
  // Forgets the first `length` bytes (or all).
  void RemovePrefix(size_t length);
  void Clear();

 private:
  struct Chunk {
    uint64_t begin;
    lab::Payload bytes;

    uint64_t end() const { return begin + bytes.size(); }
  };

  // Positions count all bytes that ever went through. chunks_[first_] holds begin_; those before it are spent.
  std::vector<Chunk> chunks_;
  size_t first_ = 0;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
};

}  // namespace sim::tcp
