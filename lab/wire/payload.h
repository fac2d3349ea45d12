// The bytes of a packet or a stream, as counted slices of shared blocks.
//
// Copying, cutting and joining Payloads moves no bytes: a byte is copied in once (`Copy`) and out once
// (`CopyTo`), except that small pieces are gathered when they are joined. Bytes in a block are never written
// again. Small blocks that were freed are kept for the next ones, so that messages allocate nothing once they flow.
// Not for use across threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace lab {

class Payload {
 public:
  Payload() = default;
  Payload(const Payload& other) : first_(other.first_) {
    if (other.rest_ != nullptr) rest_ = std::make_unique<Rest>(*other.rest_);
  }
  Payload(Payload&& other) noexcept : first_(std::move(other.first_)), rest_(std::move(other.rest_)) {}
  Payload& operator=(const Payload& other) {
    if (rest_ != nullptr || other.rest_ != nullptr) return *this = Payload(other);
    first_ = other.first_;
    return *this;
  }
  Payload& operator=(Payload&& other) noexcept {
    first_ = std::move(other.first_);
    rest_ = std::move(other.rest_);
    return *this;
  }

  // Copies `length` bytes in.
  static Payload Copy(const void* bytes, size_t length);
  static Payload Copy(std::string_view bytes) { return Copy(bytes.data(), bytes.size()); }

  size_t size() const { return rest_ == nullptr ? first_.length : first_.length + rest_->size; }
  bool empty() const { return first_.length == 0; }

  // The `length` bytes that begin at `offset`; both are cut to what is there.
  Payload Slice(size_t offset, size_t length) const {
    Payload slice;
    if (rest_ != nullptr) {
      SliceInto(offset, length, slice);
    } else if (offset < first_.length && length > 0) {
      slice.first_ = first_.Cut(offset, length);
    }
    return slice;
  }

  void Append(const Payload& tail);
  // Forgets the first `length` bytes (or all).
  void RemovePrefix(size_t length) {
    if (length >= size()) return Clear();
    if (length >= first_.length) length = RemoveWhole(length);
    first_.offset += static_cast<uint32_t>(length);
    first_.length -= static_cast<uint32_t>(length);
  }
  void Clear() {
    first_ = {};
    rest_.reset();
  }

  // Copies up to `length` bytes from `offset` on out; returns how many there were.
  size_t CopyTo(void* out, size_t length, size_t offset = 0) const;
  std::string ToString() const;

 private:
  // The bytes follow in the same allocation. Those below `used` are never written again.
  struct Block {
    uint32_t references = 0;
    uint32_t capacity = 0;
    uint32_t used = 0;
    uint32_t padding = 0;  // between this and the bytes

    static boost::intrusive_ptr<Block> Make(size_t capacity);
    uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1) + padding; }
    void Add(const void* source, size_t length);
  };
  friend void intrusive_ptr_add_ref(Block* block) { ++block->references; }
  friend void intrusive_ptr_release(Block* block) {
    if (--block->references == 0) Free(block);
  }
  static void Free(Block* block);

  struct Piece {
    Piece() = default;
    Piece(boost::intrusive_ptr<Block> block, uint32_t offset, uint32_t length)
        : block(std::move(block)), offset(offset), length(length) {}
    Piece(const Piece&) = default;
    Piece& operator=(const Piece&) = default;
    // What is left has no bytes.
    Piece(Piece&& other) noexcept
        : block(std::move(other.block)), offset(other.offset), length(std::exchange(other.length, 0)) {}
    Piece& operator=(Piece&& other) noexcept {
      block = std::move(other.block);
      offset = other.offset;
      length = std::exchange(other.length, 0);
      return *this;
    }
    // Up to `most` bytes from `from` on, which is inside.
    Piece Cut(size_t from, size_t most) const {
      return {block, offset + static_cast<uint32_t>(from), static_cast<uint32_t>(std::min(most, length - from))};
    }

    boost::intrusive_ptr<Block> block;
    uint32_t offset = 0;
    uint32_t length = 0;
  };
  // All pieces but the first.
  struct Rest {
    std::vector<Piece> pieces;
    size_t size = 0;  // bytes
  };

  Piece& last() { return rest_ == nullptr ? first_ : rest_->pieces.back(); }
  template <typename Visit>
  void ForEach(Visit visit) const;
  void SliceInto(size_t offset, size_t length, Payload& slice) const;
  void Add(Piece piece);
  // Removes the pieces that lie wholly in the first `length` bytes; returns how many of these are left.
  size_t RemoveWhole(size_t length);
  // The last piece is longer by so many bytes of its block.
  void Extend(uint32_t length);
  // Copies a small piece behind the last one, where that is worth it.
  bool Gather(const Piece& tail);

  Piece first_;                 // nearly always the only one; of length 0 where all is empty
  std::unique_ptr<Rest> rest_;  // null or not empty
};

}  // namespace lab
