// The bytes of a packet or a stream, as counted slices of shared blocks.
//
// Copying, cutting and joining Payloads moves no bytes: a byte is copied in once (`Copy`) and out once
// (`CopyTo`), except that small pieces are gathered when they are joined. Bytes in a block are never written
// again. Not for use across threads.
#pragma once

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
  Payload(const Payload& other) : first_(other.first_), size_(other.size_) {
    if (other.rest_ != nullptr) rest_ = std::make_unique<std::vector<Piece>>(*other.rest_);
  }
  Payload(Payload&& other) noexcept
      : first_(std::move(other.first_)), rest_(std::move(other.rest_)), size_(std::exchange(other.size_, 0)) {}
  Payload& operator=(Payload other) noexcept {
    first_ = std::move(other.first_);
    rest_ = std::move(other.rest_);
    size_ = other.size_;
    return *this;
  }

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
    boost::intrusive_ptr<Block> block;
    uint32_t offset = 0;
    uint32_t length = 0;
  };

  // The pieces: none where it is empty, and nearly always one, which costs no more than a pointer's copy.
  size_t pieces() const { return size_ == 0 ? 0 : rest_ == nullptr ? 1 : 1 + rest_->size(); }
  const Piece& piece(size_t i) const { return i == 0 ? first_ : (*rest_)[i - 1]; }
  Piece& last() { return rest_ == nullptr ? first_ : rest_->back(); }
  void Add(Piece piece);
  // Copies a small piece behind the last one, where that is worth it.
  bool Gather(const Piece& tail);

  Piece first_;
  std::unique_ptr<std::vector<Piece>> rest_;  // null or not empty
  size_t size_ = 0;
};

}  // namespace lab
