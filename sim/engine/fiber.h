// A body of code with a stack of its own, which runs until it suspends itself and goes on where it was.
//
// Guarantees:
//  1. `errno` and the exceptions in flight belong to the fiber.
//  2. Destroying a fiber that has not ended unwinds it: Suspend throws Unwinding inside it, so that the destructors
//     on its stack run.
//  3. AddressSanitizer and ThreadSanitizer know about the switches.
// A fiber belongs to the thread that made it.
#pragma once

#include <functional>

#include <boost/context/fiber.hpp>

namespace sim {

class Fiber {
 public:
  // What unwinds a fiber. Deliberately no std::exception, so that a body's handlers for those let it pass.
  struct Unwinding {};

  // `body` runs at the first Resume. An exception that it lets out, other than Unwinding, ends the process.
  explicit Fiber(std::function<void()> body);
  // Not from inside the fiber; from inside another one it may be.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it suspends or ends. Not from inside a fiber, and not once done().
  void Resume();

  // From inside: gives control back to whoever resumed the fiber, and returns when it is resumed again. In a fiber
  // that is being unwound it throws Unwinding at once; or, inside a destructor that already runs because of it (where
  // throwing would end the process), returns false at once. True otherwise.
  bool Suspend();

  // From outside: unwinds the body now, to its end. Harmless where that has been done.
  void Unwind();

  bool done() const { return done_; }
  bool unwinding() const { return unwinding_; }

 private:
  // The C++ runtime's record of exceptions in flight (Itanium ABI, 2.2.2).
  struct ExceptionGlobals {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };

  boost::context::fiber Run(boost::context::fiber&& caller);
  void Switch();

  std::function<void()> body_;
  boost::context::stack_context stack_;
  boost::context::fiber context_;  // while suspended
  boost::context::fiber caller_;   // while running
  ExceptionGlobals exceptions_;
  int errno_ = 0;
  bool done_ = false;
  bool unwinding_ = false;

  // For the sanitizers; unused otherwise.
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] const void* caller_bottom_ = nullptr;
  [[maybe_unused]] size_t caller_size_ = 0;
  [[maybe_unused]] void* tsan_fiber_ = nullptr;
  [[maybe_unused]] void* tsan_caller_ = nullptr;
};

}  // namespace sim
