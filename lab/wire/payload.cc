#include "lab/wire/payload.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace lab {
namespace {

// Pieces up to this size are gathered when they are joined, so that a stream written byte by byte does not
// become a list of bytes: each costs a second copy instead.
constexpr size_t kSmall = 512;
constexpr size_t kGathered = 4080;  // a page, with the block's header

// --- Memory of blocks ---

// Copying to an address that lies a few bytes above the source's modulo 4096 takes 40 times as long, which two
// results of malloc often do: what it maps begins 16 bytes into a page, and the bytes here would follow a header. So
// the bytes of a large block begin at a line of their own.
constexpr size_t kLine = 64;
constexpr size_t kLarge = 4096;

// The sanitizer is to see where each block ends, and when.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kMostSpare = 0;
#else
constexpr size_t kMostSpare = 1 << 20;  // bytes of a thread
#endif

// Freed memory of a thread, by its size in lines.
struct Spares {
  struct Memory {
    Memory* next;
  };
  std::array<Memory*, kLarge / kLine + 1> lists;
  size_t bytes;
  size_t most;  // 0 before the first is kept and after the thread's end
  bool known;   // to Release
};
constinit thread_local Spares spares = {};

// Gives the spares back when the thread ends.
struct Release {
  ~Release() {
    spares.most = 0;
    for (Spares::Memory*& list : spares.lists) {
      while (list != nullptr) ::operator delete(std::exchange(list, list->next));
    }
  }
};

void* TakeSpare(size_t lines) {
  Spares::Memory*& list = spares.lists[lines];
  if (list == nullptr) return ::operator new(lines * kLine);
  spares.bytes -= lines * kLine;
  return std::exchange(list, list->next);
}

void KeepSpare(void* memory, size_t lines) {
  if (spares.bytes + lines * kLine > spares.most) {
    if (spares.known) return ::operator delete(memory);
    static thread_local Release release;
    spares.known = true;
    spares.most = kMostSpare;
    return KeepSpare(memory, lines);
  }
  spares.bytes += lines * kLine;
  spares.lists[lines] = new (memory) Spares::Memory{spares.lists[lines]};
}

}  // namespace

boost::intrusive_ptr<Payload::Block> Payload::Block::Make(size_t capacity) {
  // Four gigabytes are more than any call can send at once.
  if (capacity > std::numeric_limits<uint32_t>::max()) std::abort();
  const size_t lines = (sizeof(Block) + capacity + kLine - 1) / kLine;
  const bool large = lines * kLine > kLarge;
  auto* block = new (large ? ::operator new(sizeof(Block) + kLine - 1 + capacity) : TakeSpare(lines)) Block;
  if (large) {
    block->capacity = static_cast<uint32_t>(capacity);
    block->padding = static_cast<uint32_t>(-reinterpret_cast<uintptr_t>(block + 1) % kLine);
  } else {
    block->capacity = static_cast<uint32_t>(lines * kLine - sizeof(Block));
  }
  return boost::intrusive_ptr<Block>(block);
}

void Payload::Block::Add(const void* source, size_t length) {
  std::memcpy(bytes() + used, source, length);
  used += static_cast<uint32_t>(length);
}

void Payload::Free(Block* block) {
  const size_t size = sizeof(Block) + block->capacity;
  size > kLarge ? ::operator delete(block) : KeepSpare(block, size / kLine);
}

// --- Payloads ---

Payload Payload::Copy(const void* bytes, size_t length) {
  Payload payload;
  if (length == 0) return payload;
  payload.first_ = {Block::Make(length), 0, static_cast<uint32_t>(length)};
  payload.first_.block->Add(bytes, length);
  return payload;
}

template <typename Visit>
void Payload::ForEach(Visit visit) const {
  visit(first_);
  if (rest_ == nullptr) return;
  for (const Piece& piece : rest_->pieces) visit(piece);
}

void Payload::Add(Piece piece) {
  if (empty()) {
    first_ = std::move(piece);
    return;
  }
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
  rest_->size += piece.length;
  rest_->pieces.push_back(std::move(piece));
}

void Payload::Extend(uint32_t length) {
  last().length += length;
  if (rest_ != nullptr) rest_->size += length;
}

void Payload::SliceInto(size_t offset, size_t length, Payload& slice) const {
  ForEach([&](const Piece& piece) {
    if (offset >= piece.length) {
      offset -= piece.length;
    } else if (length > 0) {
      Piece cut = piece.Cut(offset, length);
      length -= cut.length;
      offset = 0;
      slice.Add(std::move(cut));
    }
  });
}

bool Payload::Gather(const Piece& tail) {
  if (empty() || tail.length > kSmall) return false;
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
  Extend(tail.length);
  return true;
}

void Payload::Append(const Payload& tail) {
  if (&tail == this) return Append(Payload(tail));
  tail.ForEach([&](const Piece& piece) {
    if (piece.length == 0) return;
    const Piece& before = last();
    if (!empty() && before.block == piece.block && before.offset + before.length == piece.offset) {
      Extend(piece.length);  // neighbours in one block again
    } else if (!Gather(piece)) {
      Add(piece);
    }
  });
}

size_t Payload::RemoveWhole(size_t length) {
  std::vector<Piece>& pieces = rest_->pieces;
  length -= first_.length;
  auto next = pieces.begin();
  for (; length >= next->length; ++next) {
    length -= next->length;
    rest_->size -= next->length;
  }
  rest_->size -= next->length;
  first_ = std::move(*next);
  pieces.erase(pieces.begin(), next + 1);
  if (pieces.empty()) rest_.reset();
  return length;
}

size_t Payload::CopyTo(void* out, size_t length, size_t offset) const {
  auto* to = static_cast<uint8_t*>(out);
  size_t copied = 0;
  ForEach([&](const Piece& piece) {
    if (offset >= piece.length) {
      offset -= piece.length;
    } else if (copied < length) {
      const size_t taken = std::min<size_t>(length - copied, piece.length - offset);
      std::memcpy(to + copied, piece.block->bytes() + piece.offset + offset, taken);
      copied += taken;
      offset = 0;
    }
  });
  return copied;
}

std::string Payload::ToString() const {
  std::string bytes(size(), '\0');
  CopyTo(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace lab
