#include "sim/engine/event_queue.h"

#include <cstdlib>

namespace sim {

EventQueue::~EventQueue() {
  while (!empty()) Pop();
}

void EventQueue::Schedule(Event& event, Time time, Weight weight) {
  if (time < base_) std::abort();
  event.Cancel();
  event.queue_ = this;
  event.time_ = time;
  event.visible_ = weight == Weight::kVisible;
  ++size_;
  if (event.visible_) ++visible_;
  if (first_ != nullptr && time < first_->time_) first_ = &event;
  Link(event);
}

Event& EventQueue::Pop() {
  const Place place = FirstPlace();
  Event& first = First();
  Remove(first, place);
  base_ = first.time_;
  if (place.level > 0 && Used(place)) Spread(place);
  return first;
}

void EventQueue::Remove(Event& event, Place place) {
  Unlink(event, place);
  event.queue_ = nullptr;
  --size_;
  if (event.visible_) --visible_;
  if (first_ == &event) first_ = nullptr;
}

Time EventQueue::BeginningOf(Place place) const {
  const size_t shift = kDigitBits * place.level;
  // The higher digits are those of `base_`.
  return Time(((Digits(base_) >> shift & ~uint64_t{kSlots - 1}) | place.slot) << shift);
}

Event& EventQueue::First() const {
  if (first_ != nullptr) return *first_;
  const Place place = FirstPlace();
  Event* const begin = levels_[place.level].first[place.slot];
  first_ = begin;
  if (place.level == 0) return *begin;
  for (Event* event = begin->next_; event != begin; event = event->next_) {
    if (event->time_ < first_->time_) first_ = event;
  }
  return *first_;
}

void EventQueue::Link(Event& event) {
  const Place place = PlaceOf(event.time_);
  Level& level = levels_[place.level];
  Event*& first = level.first[place.slot];
  if (!Used(place)) {
    level.used |= uint64_t{1} << place.slot;
    levels_used_ |= uint32_t{1} << place.level;
    first = event.previous_ = event.next_ = &event;
    return;
  }
  event.previous_ = first->previous_;
  event.next_ = first;
  event.previous_->next_ = first->previous_ = &event;
}

void EventQueue::Unlink(Event& event, Place place) {
  if (event.next_ == &event) return Empty(place);
  event.previous_->next_ = event.next_;
  event.next_->previous_ = event.previous_;
  Event*& first = levels_[place.level].first[place.slot];
  if (first == &event) first = event.next_;
}

void EventQueue::Empty(Place place) {
  Level& level = levels_[place.level];
  level.used &= ~(uint64_t{1} << place.slot);
  if (level.used == 0) levels_used_ &= ~(uint32_t{1} << place.level);
}

void EventQueue::Spread(Place place) {
  Event* const begin = levels_[place.level].first[place.slot];
  Empty(place);
  Event* event = begin;
  do {
    Event* const next = event->next_;
    Link(*event);
    event = next;
  } while (event != begin);
}

}  // namespace sim
