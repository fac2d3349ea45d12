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

boost::intrusive_ptr<Payload::Block> Payload::Block::Make(size_t capacity) {
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

void Payload::Block::Add(const void* source, size_t length) {
  std::memcpy(bytes() + used, source, length);
  used += static_cast<uint32_t>(length);
}

void Payload::Free(Block* block) { ::operator delete(block); }

Payload Payload::Copy(const void* bytes, size_t length) {
  Payload payload;
  if (length == 0) return payload;
  payload.first_ = {Block::Make(length), 0, static_cast<uint32_t>(length)};
  payload.first_.block->Add(bytes, length);
  payload.size_ = length;
  return payload;
}

void Payload::Add(Piece piece) {
  const size_t length = piece.length;
  if (size_ == 0) {
    first_ = std::move(piece);
  } else {
    if (rest_ == nullptr) rest_ = std::make_unique<std::vector<Piece>>();
    rest_->push_back(std::move(piece));
  }
  size_ += length;
}

Payload Payload::Slice(size_t offset, size_t length) const {
  if (offset == 0 && length >= size_) return *this;
  Payload slice;
  for (size_t i = 0; i < pieces() && length > 0; ++i) {
    const Piece& whole = piece(i);
    if (offset >= whole.length) {
      offset -= whole.length;
      continue;
    }
    const size_t taken = std::min<size_t>(length, whole.length - offset);
    slice.Add({whole.block, static_cast<uint32_t>(whole.offset + offset), static_cast<uint32_t>(taken)});
    length -= taken;
    offset = 0;
  }
  return slice;
}

bool Payload::Gather(const Piece& tail) {
  if (size_ == 0 || tail.length > kSmall) return false;
  Piece& last = this->last();
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
  size_ += tail.length;
  return true;
}

void Payload::Append(const Payload& tail) {
  if (&tail == this) return Append(Payload(tail));
  for (size_t i = 0; i < tail.pieces(); ++i) {
    const Piece& piece = tail.piece(i);
    Piece& before = last();
    if (size_ > 0 && before.block == piece.block && before.offset + before.length == piece.offset) {
      before.length += piece.length;  // neighbours in one block again
      size_ += piece.length;
    } else if (!Gather(piece)) {
      Add(piece);
    }
  }
}

void Payload::RemovePrefix(size_t length) {
  if (length >= size_) return Clear();
  size_ -= length;
  size_t whole = 0;
  while (length >= piece(whole).length) length -= piece(whole++).length;
  if (whole > 0) {
    first_ = std::move((*rest_)[whole - 1]);
    rest_->erase(rest_->begin(), rest_->begin() + static_cast<ptrdiff_t>(whole));
    if (rest_->empty()) rest_.reset();
  }
  first_.offset += static_cast<uint32_t>(length);
  first_.length -= static_cast<uint32_t>(length);
}

void Payload::Clear() {
  first_ = {};
  rest_.reset();
  size_ = 0;
}

size_t Payload::CopyTo(void* out, size_t length, size_t offset) const {
  auto* to = static_cast<uint8_t*>(out);
  size_t copied = 0;
  for (size_t i = 0; i < pieces() && copied < length; ++i) {
    const Piece& piece = this->piece(i);
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
