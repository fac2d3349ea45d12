#include "sim/engine/stack_pool.h"

#include <sys/mman.h>

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace sim {
namespace {

constexpr size_t kGuardBytes = 4096;

// Frames that an exception or the end of a fiber left behind stay poisoned in AddressSanitizer's eyes.
void Unpoison([[maybe_unused]] const boost::context::stack_context& stack) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
}

void Unmap(const boost::context::stack_context& stack) {
  munmap(static_cast<char*>(stack.sp) - stack.size - kGuardBytes, stack.size + kGuardBytes);
}

}  // namespace

StackPool& StackPool::ForThisThread() {
  thread_local StackPool pool;
  return pool;
}

StackPool::~StackPool() {
  for (const auto& stack : kept_) Unmap(stack);
}

boost::context::stack_context StackPool::Take() {
  if (!kept_.empty()) {
    const auto stack = kept_.back();
    kept_.pop_back();
    return stack;
  }
  constexpr size_t kMapped = kStackBytes + kGuardBytes;
  void* memory = mmap(nullptr, kMapped, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  if (mprotect(memory, kGuardBytes, PROT_NONE) != 0) {
    munmap(memory, kMapped);
    throw std::bad_alloc();
  }
  boost::context::stack_context stack;
  stack.sp = static_cast<char*>(memory) + kMapped;
  stack.size = kStackBytes;
  return stack;
}

void StackPool::Give(const boost::context::stack_context& stack) {
  Unpoison(stack);
  if (kept_.size() < kMostKept) {
    kept_.push_back(stack);
  } else {
    Unmap(stack);
  }
}

}  // namespace sim
