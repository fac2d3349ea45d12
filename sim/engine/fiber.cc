#include "sim/engine/fiber.h"

#include <cerrno>
#include <cxxabi.h>

#include <exception>
#include <utility>

#include "sim/engine/stack_pool.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace sim {
namespace {

// Boost takes stacks from an allocator; ours are taken beforehand and go back to the pool.
struct PooledStack {
  boost::context::stack_context allocate() { return StackPool::ForThisThread().Take(); }
  void deallocate(boost::context::stack_context& stack) { StackPool::ForThisThread().Give(stack); }
};

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)), stack_(StackPool::ForThisThread().Take()) {
  context_ = boost::context::fiber(std::allocator_arg,
                                   boost::context::preallocated(stack_.sp, stack_.size, stack_), PooledStack(),
                                   [this](boost::context::fiber&& caller) { return Run(std::move(caller)); });
#if defined(__SANITIZE_THREAD__)
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  Unwind();
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(tsan_fiber_);
#endif
}

boost::context::fiber Fiber::Run(boost::context::fiber&& caller) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &caller_bottom_, &caller_size_);
#endif
  caller_ = std::move(caller);
  if (!unwinding_) {
    try {
      body_();
    } catch (const Unwinding&) {
    }
  }
  done_ = true;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, caller_bottom_, caller_size_);
#endif
  return std::move(caller_);
}

void Fiber::Resume() {
  auto& exceptions = *reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  std::swap(exceptions, exceptions_);
  const int saved_errno = std::exchange(errno, errno_);
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, static_cast<char*>(stack_.sp) - stack_.size, stack_.size);
#endif
#if defined(__SANITIZE_THREAD__)
  // Both here: what is called and returned from on the way there and back counts for the fiber, and comes out even.
  tsan_caller_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_fiber_, 0);
#endif
  context_ = std::move(context_).resume();
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(tsan_caller_, 0);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
  errno_ = std::exchange(errno, saved_errno);
  std::swap(exceptions, exceptions_);
}

void Fiber::Switch() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_stack_, caller_bottom_, caller_size_);
#endif
  caller_ = std::move(caller_).resume();
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack_, &caller_bottom_, &caller_size_);
#endif
}

bool Fiber::Suspend() {
  if (!unwinding_) Switch();
  if (!unwinding_) return true;
  if (std::uncaught_exceptions() > 0) return false;
  throw Unwinding();
}

void Fiber::Unwind() {
  unwinding_ = true;
  if (!done_) Resume();
}

}  // namespace sim
