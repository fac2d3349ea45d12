// The events of a run, in the order in which they were added, and which of them are kept.
//
// The first `kHead` are, and of those behind them the last `kLastCalls` calls and the last `kLastOthers` others, or
// more: however many calls a program makes, or forges in its ledger, they push out none of the last packets.
//
// In a long run each new event takes the place of the one that is left out, and moves no other: in memory they stand
// one after the other, by kind. (What was kept in one vector, and moved on when it was full, cost a traced world a
// fifth of its time; a list, whose places lie about in memory, a third.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lab/sockets/process.h"
#include "lab/trace/ledger_entry.h"
#include "lab/wire/packet.h"

namespace lab {

// Indexes into Trace::hosts() and Trace::processes().
using HostId = int;
using ProcessId = int;

struct PacketEvent {
  enum class Fate : uint8_t {
    kDelivered,
    kLost,       // by the link's loss, or because it is down
    kRuled,      // a rule dropped, delayed, duplicated or reset it; `cause` names the rule
    kUnclaimed,  // nobody has its address
  };
  Time sent{0};
  Time arrives{0};  // meaningful unless lost
  HostId from = -1;
  HostId to = -1;
  Fate fate = Fate::kDelivered;
  bool arrived = true;  // false where it never reaches its destination
  std::string cause;    // "loss", "link down", or the rule's name; empty where delivered as sent
  Packet packet;
  bool bytes_kept = true;  // false: zeros stand for its payload's bytes
};

// A call with its process; `entry` as in the ledger.
struct CallEvent {
  CallEvent() = default;
  CallEvent(ProcessId process, const duet_ledger_entry& entry) : process(process), entry(entry) {}

  ProcessId process = -1;
  duet_ledger_entry entry{};
};

// Something else that a reader of the run wants to know: "paused", "exited with status 1", "link down".
struct NoteEvent {
  Time time{0};
  HostId host = -1;        // or -1
  ProcessId process = -1;  // or -1
  std::string text;
};

using Event = std::variant<PacketEvent, CallEvent, NoteEvent>;

// When an event began: a packet's sending, a call's beginning, a note's time.
Time TimeOf(const Event& event);

class Events {
  struct Numbered {
    uint64_t number;  // of all that were added
    Event event;
  };

  // Those of a kind that were added last, the oldest first.
  class Ring {
   public:
    size_t size() const { return room_.size(); }
    const Numbered& operator[](size_t i) const { return room_[(oldest_ + i) % room_.size()]; }
    // Whose place the next one is to take: it counts as the latest from now on.
    Numbered& Oldest();
    void Add(uint64_t number, Event&& event) { room_.push_back({number, std::move(event)}); }

   private:
    std::vector<Numbered> room_;
    size_t oldest_ = 0;
  };

 public:
  static constexpr size_t kHead = 20'000;
  static constexpr size_t kLastCalls = 20'000;
  static constexpr size_t kLastOthers = 30'000;

  // Bidirectional. Adding and sorting invalidate all of them, and what they refer to.
  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    const_iterator() = default;
    reference operator*() const;
    pointer operator->() const { return &**this; }
    const_iterator& operator++();
    const_iterator& operator--();
    const_iterator operator++(int) { return std::exchange(*this, std::next(*this)); }
    const_iterator operator--(int) { return std::exchange(*this, std::prev(*this)); }
    bool operator==(const const_iterator&) const = default;

   private:
    friend class Events;
    const_iterator(const Events& events, size_t head, size_t calls, size_t others)
        : events_(&events), head_(head), calls_(calls), others_(others) {}
    bool CallIsNext() const;

    const Events* events_ = nullptr;
    // How many of each are before it.
    size_t head_ = 0;
    size_t calls_ = 0;
    size_t others_ = 0;
  };

  // Adds the event that consists of `parts`.
  template <typename Kind, typename... Parts>
  void Emplace(Parts&&... parts) {
    const uint64_t number = added_++;
    constexpr std::in_place_type_t<Kind> kKind;
    if (number < kHead) {
      head_.emplace_back(kKind, std::forward<Parts>(parts)...);
      return;
    }
    constexpr bool kCall = std::is_same_v<Kind, CallEvent>;
    Ring& ring = kCall ? calls_ : others_;
    if (ring.size() < (kCall ? kLastCalls : kLastOthers)) {
      return ring.Add(number, Event(kKind, std::forward<Parts>(parts)...));
    }
    Numbered& place = ring.Oldest();
    left_out_from_ = std::min(left_out_from_, TimeOf(place.event));
    place.number = number;
    place.event.template emplace<Kind>(std::forward<Parts>(parts)...);
  }
  // By time; equals keep their order.
  void Sort();

  const_iterator begin() const { return {*this, 0, 0, 0}; }
  const_iterator end() const { return {*this, head_.size(), calls_.size(), others_.size()}; }
  auto rbegin() const { return std::reverse_iterator(end()); }
  auto rend() const { return std::reverse_iterator(begin()); }
  size_t size() const { return head_.size() + calls_.size() + others_.size(); }
  bool empty() const { return head_.empty(); }

  // How many were added, kept or not, and how many were not kept.
  uint64_t added() const { return added_; }
  uint64_t left_out() const { return added_ - size(); }
  // When the first of those began; Time::max(): there is none.
  Time left_out_from() const { return left_out_from_; }

 private:
  std::vector<Event> head_;
  Ring calls_;
  Ring others_;
  uint64_t added_ = 0;
  Time left_out_from_ = Time::max();
};

}  // namespace lab
