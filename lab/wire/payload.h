// The bytes of a packet or a stream, as counted slices of shared blocks.
//
// Copying, cutting and joining Payloads moves no bytes: a byte is copied in once (`Copy`) and out once
// (`CopyTo`), except that small pieces are gathered when they are joined. Bytes in a block are never written
// again. Not for use across threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "absl/container/inlined_vector.h"

namespace lab {

class Payload {
 public:
  Payload() = default;

  // Copies `length` bytes in.
  static Payload Copy(const void* bytes, size_t length);
  static Payload Copy(std::string_view bytes) { return Copy(bytes.data(), bytes.size()); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The `length` bytes that begin at `offset`; both are cut to what is there.
  Payload Slice(size_t offset, size_t length) const;

  void Append(const Payload& tail);
  // Forgets the first `length` bytes (or all).
  void RemovePrefix(size_t length);
  void Clear();

  // Copies up to `length` bytes from `offset` on out; returns how many there were.
  size_t CopyTo(void* out, size_t length, size_t offset = 0) const;
  std::string ToString() const;

 private:
  struct Block;
  friend void intrusive_ptr_add_ref(Block* block);
  friend void intrusive_ptr_release(Block* block);
  struct Piece {
    boost::intrusive_ptr<Block> block;
    uint32_t offset;
    uint32_t length;
  };

  // Copies a small piece behind the last one, where that is worth it.
  bool Gather(const Piece& tail);

  absl::InlinedVector<Piece, 2> pieces_;
  size_t size_ = 0;
};

}  // namespace lab
