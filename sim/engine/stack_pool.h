// Stacks for fibers: each with a page below it that nothing may touch, kept for the next fiber when one ends.
//
// As large as a process's, so that what runs in the kernel's world runs here; memory is taken from the system only
// where a stack is touched. One pool a thread.
#pragma once

#include <cstddef>
#include <vector>

#include <boost/context/stack_context.hpp>

namespace sim {

class StackPool {
 public:
  static constexpr size_t kStackBytes = size_t{8} << 20;
  // What is kept beyond this goes back to the system.
  static constexpr size_t kMostKept = 256;

  // The calling thread's.
  static StackPool& ForThisThread();

  ~StackPool();

  // Throws std::bad_alloc where the system gives no more.
  boost::context::stack_context Take();
  void Give(const boost::context::stack_context& stack);

 private:
  std::vector<boost::context::stack_context> kept_;
};

}  // namespace sim
