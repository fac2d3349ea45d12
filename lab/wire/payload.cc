#include "lab/wire/payload.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace lab {
namespace {

// Pieces up to this size are gathered when they are joined, so that a stream written byte by byte does not
// become a list of bytes: each costs a second copy instead.
constexpr size_t kSmall = 512;
constexpr size_t kGathered = 4096;

}  // namespace

// The bytes follow in the same allocation. Those below `used` are never written again.
struct Payload::Block {
  uint32_t references = 0;
  uint32_t capacity = 0;
  uint32_t used = 0;
  uint32_t padding = 0;  // between this and the bytes

  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1) + padding; }

  static boost::intrusive_ptr<Block> Make(size_t capacity) {
    // Four gigabytes are more than any call can send at once.
    if (capacity > std::numeric_limits<uint32_t>::max()) std::abort();
    // Copying to an address that lies a few bytes above the source's modulo 4096 takes 40 times as long, which two
    // results of malloc often do: what it maps begins 16 bytes into a page, and the bytes here would follow a
    // header. So they begin at a line of their own.
    constexpr size_t kLine = 64;
    const size_t slack = capacity >= 4096 ? kLine - 1 : 0;
    auto* block = new (::operator new(sizeof(Block) + slack + capacity)) Block;
    block->capacity = static_cast<uint32_t>(capacity);
    if (slack > 0) block->padding = static_cast<uint32_t>(-reinterpret_cast<uintptr_t>(block + 1) % kLine);
    return boost::intrusive_ptr<Block>(block);
  }

  void Add(const void* source, size_t length) {
    std::memcpy(bytes() + used, source, length);
    used += static_cast<uint32_t>(length);
  }
};

void intrusive_ptr_add_ref(Payload::Block* block) { ++block->references; }

void intrusive_ptr_release(Payload::Block* block) {
  if (--block->references == 0) ::operator delete(block);
}

Payload Payload::Copy(const void* bytes, size_t length) {
  Payload payload;
  if (length == 0) return payload;
  auto block = Block::Make(length);
  block->Add(bytes, length);
  payload.pieces_.push_back({std::move(block), 0, static_cast<uint32_t>(length)});
  payload.size_ = length;
  return payload;
}

Payload Payload::Slice(size_t offset, size_t length) const {
  Payload slice;
  for (const Piece& piece : pieces_) {
    if (length == 0) break;
    if (offset >= piece.length) {
      offset -= piece.length;
      continue;
    }
    const size_t taken = std::min<size_t>(length, piece.length - offset);
    slice.pieces_.push_back({piece.block, static_cast<uint32_t>(piece.offset + offset), static_cast<uint32_t>(taken)});
    slice.size_ += taken;
    length -= taken;
    offset = 0;
  }
  return slice;
}

bool Payload::Gather(const Piece& tail) {
  if (pieces_.empty() || tail.length > kSmall) return false;
  Piece& last = pieces_.back();
  const bool at_end = last.offset + last.length == last.block->used;
  if (!at_end || last.block->capacity - last.block->used < tail.length) {
    if (last.length > kSmall) return false;
    auto block = Block::Make(kGathered);
    block->Add(last.block->bytes() + last.offset, last.length);
    last.block = std::move(block);
    last.offset = 0;
  }
  last.block->Add(tail.block->bytes() + tail.offset, tail.length);
  last.length += tail.length;
  return true;
}

void Payload::Append(const Payload& tail) {
  if (&tail == this) return Append(Payload(tail));
  for (const Piece& piece : tail.pieces_) {
    Piece* last = pieces_.empty() ? nullptr : &pieces_.back();
    if (last != nullptr && last->block == piece.block && last->offset + last->length == piece.offset) {
      last->length += piece.length;  // neighbours in one block again
    } else if (!Gather(piece)) {
      pieces_.push_back(piece);
    }
  }
  size_ += tail.size_;
}

void Payload::RemovePrefix(size_t length) {
  length = std::min(length, size_);
  size_ -= length;
  size_t whole = 0;
  while (whole < pieces_.size() && length >= pieces_[whole].length) length -= pieces_[whole++].length;
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(whole));
  if (length > 0) {
    pieces_.front().offset += static_cast<uint32_t>(length);
    pieces_.front().length -= static_cast<uint32_t>(length);
  }
}

void Payload::Clear() {
  pieces_.clear();
  size_ = 0;
}

size_t Payload::CopyTo(void* out, size_t length, size_t offset) const {
  auto* to = static_cast<uint8_t*>(out);
  size_t copied = 0;
  for (const Piece& piece : pieces_) {
    if (copied == length) break;
    if (offset >= piece.length) {
      offset -= piece.length;
      continue;
    }
    const size_t taken = std::min<size_t>(length - copied, piece.length - offset);
    std::memcpy(to + copied, piece.block->bytes() + piece.offset + offset, taken);
    copied += taken;
    offset = 0;
  }
  return copied;
}

std::string Payload::ToString() const {
  std::string bytes(size_, '\0');
  CopyTo(bytes.data(), size_);
  return bytes;
}

}  // namespace lab
