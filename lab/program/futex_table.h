// Who waits at which futex of a carried program, in the order in which they came.
//
// What a futex is, is the program's word, and of no meaning to anybody else. For the threads of one program.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <tuple>

#include "lab/sockets/thread.h"

namespace lab {

class FutexTable {
 public:
  // In memory that processes share: a file's inode, and the place in it; in other memory, the process and the address.
  struct Key {
    int process = 0;  // 0: shared
    uint64_t object = 0;
    uint64_t offset = 0;
    bool operator<(const Key& other) const {
      return std::tie(process, object, offset) < std::tie(other.process, other.object, other.offset);
    }
  };

  // Blocks until woken; one of `bitset` has to be among those that are woken. `number`: what the program's kernel calls
  // the thread.
  Thread::Woken Wait(Thread& thread, int number, const Key& key, uint32_t bitset, std::optional<Time> deadline,
                     const Thread::WaitsFor& waits_for);
  // Wakes up to `count`, at least one; gives how many that were.
  int64_t Wake(const Key& key, int64_t count, uint32_t bitset);
  // Wakes up to `woken`, and lets up to `moved` of the others wait at `to`; gives how many both were.
  int64_t Move(const Key& from, int64_t woken, const Key& to, int64_t moved);
  // Wakes all that wait in memory that processes share: what they wait for may have changed without a call.
  void WakeShared();
  // Wakes one and gives its number, or 0; and whether others wait.
  int Hand(const Key& key, bool& more);

 private:
  struct Waiter {
    Thread* thread;
    int number;
    uint32_t bitset;
    Key key;
    bool woken;
  };
  using Queue = std::list<Waiter*>;

  void WakeOne(Queue& queue, Queue::iterator waiter);

  std::map<Key, Queue> queues_;  // none is empty
};

}  // namespace lab
