#include "lab/program/futex_table.h"

#include <algorithm>
#include <vector>

namespace lab {

Thread::Woken FutexTable::Wait(Thread& thread, int number, const Key& key, uint32_t bitset,
                               std::optional<Time> deadline, const Thread::WaitsFor& waits_for) {
  Waiter waiter{&thread, number, bitset, key, false};
  // Also where the thread is ended in here.
  struct Leaving {
    ~Leaving() {
      if (waiter.woken) return;
      Queue& queue = table.queues_[waiter.key];
      queue.remove(&waiter);
      if (queue.empty()) table.queues_.erase(waiter.key);
    }
    FutexTable& table;
    Waiter& waiter;
  } leaving{*this, waiter};
  queues_[key].push_back(&waiter);
  const Thread::Woken woken = thread.Block(deadline, waits_for);
  return waiter.woken ? Thread::Woken::kWoken : woken;
}

void FutexTable::WakeOne(Queue& queue, Queue::iterator waiter) {
  (*waiter)->woken = true;
  (*waiter)->thread->Wake();
  queue.erase(waiter);
}

int64_t FutexTable::Wake(const Key& key, int64_t count, uint32_t bitset) {
  const auto found = queues_.find(key);
  if (found == queues_.end()) return 0;
  int64_t woken = 0;
  Queue& queue = found->second;
  for (auto waiter = queue.begin(); waiter != queue.end() && (woken == 0 || woken < count);) {
    const auto next = std::next(waiter);
    if (((*waiter)->bitset & bitset) != 0) {
      WakeOne(queue, waiter);
      ++woken;
    }
    waiter = next;
  }
  if (queue.empty()) queues_.erase(found);
  return woken;
}

int64_t FutexTable::Move(const Key& from, int64_t woken, const Key& to, int64_t moved) {
  const auto found = queues_.find(from);
  if (found == queues_.end()) return 0;
  Queue queue = std::move(found->second);
  queues_.erase(found);
  int64_t done = 0;
  for (; done < woken && !queue.empty(); ++done) WakeOne(queue, queue.begin());
  for (int64_t i = 0; i < moved && !queue.empty(); ++i, ++done) {
    queue.front()->key = to;
    queues_[to].push_back(queue.front());
    queue.pop_front();
  }
  if (!queue.empty()) queues_[from].splice(queues_[from].begin(), queue);
  return done;
}

// In the order of their numbers: that of inodes is another in every run.
void FutexTable::WakeShared() {
  std::vector<Waiter*> waiters;
  for (const auto& [key, queue] : queues_) {
    if (key.process == 0) waiters.insert(waiters.end(), queue.begin(), queue.end());
  }
  std::sort(waiters.begin(), waiters.end(), [](const Waiter* a, const Waiter* b) { return a->number < b->number; });
  for (Waiter* const waiter : waiters) {
    Queue& queue = queues_[waiter->key];
    WakeOne(queue, std::find(queue.begin(), queue.end(), waiter));
    if (queue.empty()) queues_.erase(waiter->key);
  }
}

int FutexTable::Hand(const Key& key, bool& more) {
  more = false;
  const auto found = queues_.find(key);
  if (found == queues_.end()) return 0;
  Queue& queue = found->second;
  const int number = queue.front()->number;
  WakeOne(queue, queue.begin());
  more = !queue.empty();
  if (!more) queues_.erase(found);
  return number;
}

}  // namespace lab
