// What is going to happen, in the order of time, and among equal times in the order of scheduling.
//
// Guarantees:
//  1. The order is (time, order of scheduling) and nothing else: equal runs take events in equal order.
//  2. Nothing is allocated, ever: an Event is part of the object that it belongs to, and has the links of its list.
//  3. Scheduling and cancelling take the same few steps among ten events and among a million, however far off their
//     times. Taking the first one out moves each other event at most once a level in its whole life.
//
// A hierarchical timer wheel. A time is read as eleven digits of six bits, and each level is a ring of 64 slots for the
// values of one digit. `base_` is the time of the event that was taken out last; nothing is earlier. An event stands at
// the level of the highest digit in which it differs from `base_`, in the slot of that digit's value:
//
//     base_ = …05 17 40     …05 17 52: level 0, slot 52     …05 30 01: level 1, slot 30     …06 00 00: level 2, slot 6
//
// So an event of a lower level is earlier than any of a higher one, and within a level the slots go in the order of
// time: the first event is in the first slot of the lowest level that has one. At level 0 all of a slot have one time.
// Above, the earliest is looked for; taking it out moves `base_` there, and the rest of its slot, which now agrees with
// `base_` in that digit, moves to lower levels. All other events are where they belong.
// Events of equal time have the same place always, in the order in which they came: it needs no sequence number.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "sim/engine/virtual_clock.h"

namespace sim {

class EventQueue;

// Something that can be scheduled, in one queue at most once at a time. Destroying it cancels it.
class Event {
 public:
  Event() = default;
  virtual ~Event() { Cancel(); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Its time has come. The event is no longer in the queue: it may schedule itself again, or destroy itself.
  virtual void OnTime() = 0;

  bool scheduled() const { return queue_ != nullptr; }
  // Only where scheduled().
  Time time() const { return time_; }
  bool visible() const { return visible_; }
  // Takes it out of its queue. Harmless where it is in none.
  inline void Cancel();

 private:
  friend class EventQueue;
  EventQueue* queue_ = nullptr;
  // The slot's list is a ring, whose last event is the first one's `previous_`.
  Event* previous_;
  Event* next_;
  Time time_;
  bool visible_;
};

class EventQueue {
 public:
  // Whether the event may change what a process can see. A world in which only background events are left has come
  // to rest.
  enum class Weight : uint8_t { kVisible, kBackground };

  EventQueue() = default;
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // Schedules the event, or moves it where it is scheduled already; it then counts as the last of its time. A time
  // before that of an event which has been taken out is a mistake of the caller's, and ends the process.
  void Schedule(Event& event, Time time, Weight weight = Weight::kVisible);

  bool empty() const { return levels_used_ == 0; }
  size_t size() const { return size_; }
  // How many of the events are kVisible.
  size_t visible() const { return visible_; }
  // The time of the first event. Only where not empty().
  Time next() const { return First().time_; }
  // Whether an event has that time or an earlier one. Mostly without a look at the events.
  bool AnyUntil(Time time) const { return !empty() && BeginningOf(FirstPlace()) <= time && next() <= time; }
  // Takes the first event out. Only where not empty().
  Event& Pop();

 private:
  friend class Event;
  static constexpr int kDigitBits = 6;
  static constexpr size_t kSlots = 1 << kDigitBits;
  static constexpr size_t kLevels = 11;  // 66 bits

  // A slot's list is what `first` says where its bit in `used` is set. Otherwise `first` means nothing: a new queue
  // initializes a few words.
  struct Level {
    uint64_t used = 0;
    std::array<Event*, kSlots> first;
  };
  struct Place {
    size_t level;
    size_t slot;
  };

  static uint64_t Digits(Time time) { return static_cast<uint64_t>(time.count()); }
  Place PlaceOf(Time time) const {
    const auto highest = static_cast<size_t>(std::bit_width((Digits(time) ^ Digits(base_)) | 1)) - 1;
    const size_t level = highest / kDigitBits;
    return {level, Digits(time) >> kDigitBits * level & (kSlots - 1)};
  }
  Place FirstPlace() const {
    const auto level = static_cast<size_t>(std::countr_zero(levels_used_));
    return {level, static_cast<size_t>(std::countr_zero(levels_[level].used))};
  }
  bool Used(Place place) const { return (levels_[place.level].used >> place.slot & 1) != 0; }
  Time BeginningOf(Place place) const;
  Event& First() const;
  void Link(Event& event);
  void Unlink(Event& event, Place place);
  void Empty(Place place);
  void Remove(Event& event, Place place);
  // Moves the events of a slot, which `base_` has come to, where they belong now.
  void Spread(Place place);

  Time base_{0};
  uint32_t levels_used_ = 0;        // a bit for each that has events
  mutable Event* first_ = nullptr;  // where it is known
  size_t size_ = 0;
  size_t visible_ = 0;
  std::array<Level, kLevels> levels_;
};

inline void Event::Cancel() {
  if (queue_ != nullptr) queue_->Remove(*this, queue_->PlaceOf(time_));
}

}  // namespace sim
