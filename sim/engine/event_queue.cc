#include "sim/engine/event_queue.h"

namespace sim {

Event::~Event() { Cancel(); }

void Event::Cancel() {
  if (queue_ != nullptr) queue_->Remove(position_);
}

EventQueue::~EventQueue() {
  for (const Entry& entry : heap_) entry.event->queue_ = nullptr;
}

void EventQueue::Schedule(Event& event, Time time, Weight weight) {
  event.Cancel();
  const uint64_t sequence = (next_sequence_++ << 1) | (weight == Weight::kVisible ? 0 : 1);
  event.queue_ = this;
  if (weight == Weight::kVisible) ++visible_;
  heap_.emplace_back();
  SiftUp(heap_.size() - 1, Entry{time, sequence, &event});
}

Event& EventQueue::Pop() {
  Event& event = *heap_.front().event;
  Remove(0);
  return event;
}

void EventQueue::Remove(size_t position) {
  const Entry removed = heap_[position];
  if (IsVisible(removed)) --visible_;
  removed.event->queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  if (last.Before(removed)) {
    SiftUp(position, last);
  } else {
    SiftDown(position, last);
  }
}

void EventQueue::SiftUp(size_t position, Entry entry) {
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!entry.Before(heap_[parent])) break;
    Put(position, heap_[parent]);
    position = parent;
  }
  Put(position, entry);
}

void EventQueue::SiftDown(size_t position, Entry entry) {
  for (;;) {
    size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].Before(heap_[child])) ++child;
    if (!heap_[child].Before(entry)) break;
    Put(position, heap_[child]);
    position = child;
  }
  Put(position, entry);
}

}  // namespace sim
