#include "sim/engine/event_queue.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace sim {
namespace {

using std::chrono::nanoseconds;

class Numbered : public Event {
 public:
  explicit Numbered(int number = 0) : number(number) {}
  void OnTime() override {}
  int number;
};

int PopNumber(EventQueue& queue) { return static_cast<Numbered&>(queue.Pop()).number; }

TEST(EventQueueTest, EqualTimesKeepTheOrderOfScheduling) {
  EventQueue queue;
  Numbered a(1), b(2), c(3), d(4);
  queue.Schedule(a, nanoseconds(5));
  queue.Schedule(b, nanoseconds(5));
  queue.Schedule(c, nanoseconds(4));
  queue.Schedule(d, nanoseconds(5));
  EXPECT_EQ(PopNumber(queue), 3);
  EXPECT_EQ(PopNumber(queue), 1);
  EXPECT_EQ(PopNumber(queue), 2);
  EXPECT_EQ(PopNumber(queue), 4);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueueTest, SchedulingAgainMovesAnEventBehindItsEquals) {
  EventQueue queue;
  Numbered a(1), b(2);
  queue.Schedule(a, nanoseconds(5));
  queue.Schedule(b, nanoseconds(5));
  queue.Schedule(a, nanoseconds(5));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(PopNumber(queue), 2);
  EXPECT_EQ(PopNumber(queue), 1);
}

TEST(EventQueueTest, DestroyingAnEventCancelsIt) {
  EventQueue queue;
  Numbered a(1);
  {
    Numbered b(2);
    queue.Schedule(b, nanoseconds(1));
    queue.Schedule(a, nanoseconds(2));
  }
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(PopNumber(queue), 1);
}

TEST(EventQueueTest, BackgroundEventsAreNotVisible) {
  EventQueue queue;
  Numbered a(1), b(2);
  queue.Schedule(a, nanoseconds(1), EventQueue::Weight::kBackground);
  EXPECT_EQ(queue.visible(), 0u);
  queue.Schedule(b, nanoseconds(2));
  EXPECT_EQ(queue.visible(), 1u);
  queue.Schedule(b, nanoseconds(2), EventQueue::Weight::kBackground);
  EXPECT_EQ(queue.visible(), 0u);
  EXPECT_EQ(queue.size(), 2u);
}

TEST(EventQueueTest, TheLastTimeOfTheClockComesLast) {
  EventQueue queue;
  Numbered last(1), first(2);
  queue.Schedule(last, Time::max());
  queue.Schedule(first, Time(0));
  EXPECT_EQ(queue.next(), Time(0));
  EXPECT_EQ(PopNumber(queue), 2);
  EXPECT_EQ(queue.next(), Time::max());
  EXPECT_FALSE(queue.AnyUntil(Time::max() - nanoseconds(1)));
  EXPECT_TRUE(queue.AnyUntil(Time::max()));
  EXPECT_EQ(PopNumber(queue), 1);
}

TEST(EventQueueDeathTest, ATimeBeforeOneThatHasComeEndsTheProcess) {
  EventQueue queue;
  Numbered a(1);
  queue.Schedule(a, nanoseconds(5));
  queue.Pop();
  EXPECT_DEATH(queue.Schedule(a, nanoseconds(4)), "");
}

TEST(EventQueueTest, AQueueThatGoesLeavesItsEventsFree) {
  Numbered a(1), b(2);
  {
    EventQueue queue;
    queue.Schedule(a, nanoseconds(5));
    queue.Schedule(b, nanoseconds(500'000));
  }
  EXPECT_FALSE(a.scheduled());
  EventQueue other;
  other.Schedule(b, nanoseconds(1));
  EXPECT_EQ(PopNumber(other), 2);
}

// A queue beside what it has to be: everything that is scheduled, sorted by time and sequence number.
class Mixture {
 public:
  Mixture(uint64_t seed, int events) : draws_(seed), sequence_(static_cast<size_t>(events), kNone) {
    for (int i = 0; i < events; ++i) events_.push_back(std::make_unique<Numbered>(i));
    times_.resize(events_.size());
  }

  // Draws what to do, does it to both, and compares all that one can ask. How far off the times are that it draws
  // follows from `bits`.
  void Step(int bits) {
    const size_t i = draws_() % events_.size();
    const uint64_t what = draws_() % 16;
    if (what < 8) {
      Schedule(i, Later(bits));
    } else if (what < 10) {
      Cancel(i);
    } else {
      Pop();
    }
    ASSERT_EQ(queue_.size(), expected_.size());
    ASSERT_EQ(queue_.empty(), expected_.empty());
    ASSERT_EQ(queue_.visible(), visible_);
    if (draws_() % 4 != 0) return;  // it also has to be right about what nobody asked for before
    const Time other = Later(bits);
    ASSERT_EQ(queue_.AnyUntil(other), !expected_.empty() && First() <= other);
    if (expected_.empty()) return;
    ASSERT_EQ(queue_.next(), First());
  }

  void Drain() {
    while (!expected_.empty() && !testing::Test::HasFatalFailure()) Pop();
    EXPECT_TRUE(queue_.empty());
  }

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};

  Time First() const { return Time(expected_.begin()->first.first); }

  // Now, soon, at the time of another event, or any distance off of up to `bits` bits.
  Time Later(int bits) {
    const Time latest = Time::max();
    const Time another = times_[draws_() % times_.size()];
    switch (draws_() % 8) {
      case 0: return now_;
      case 1: return another >= now_ ? another : now_;
      case 2: return now_ + std::min(Time(draws_() % 4), latest - now_);
      default: break;
    }
    const auto distance = static_cast<int64_t>((draws_() >> 1) >> (63 - draws_() % static_cast<uint64_t>(bits + 1)));
    return now_ + std::min(Time(distance), latest - now_);
  }

  void Schedule(size_t i, Time time) {
    Forget(i);
    const bool background = i % 5 == 0;
    if (!background) ++visible_;
    times_[i] = time;
    sequence_[i] = next_sequence_++;
    expected_[{time.count(), sequence_[i]}] = i;
    queue_.Schedule(*events_[i], time, background ? EventQueue::Weight::kBackground : EventQueue::Weight::kVisible);
  }

  void Cancel(size_t i) {
    ASSERT_EQ(events_[i]->scheduled(), sequence_[i] != kNone);
    Forget(i);
    events_[i]->Cancel();
  }

  void Pop() {
    if (expected_.empty()) return;
    const size_t i = expected_.begin()->second;
    now_ = First();
    Forget(i);
    ASSERT_EQ(PopNumber(queue_), static_cast<int>(i));
    ASSERT_FALSE(events_[i]->scheduled());
  }

  void Forget(size_t i) {
    if (sequence_[i] == kNone) return;
    if (i % 5 != 0) --visible_;
    expected_.erase({times_[i].count(), sequence_[i]});
    sequence_[i] = kNone;
  }

  std::mt19937_64 draws_;
  EventQueue queue_;
  std::vector<std::unique_ptr<Numbered>> events_;
  std::vector<Time> times_;
  std::vector<uint64_t> sequence_;  // of what is scheduled
  std::map<std::pair<int64_t, uint64_t>, size_t> expected_;
  uint64_t next_sequence_ = 0;
  size_t visible_ = 0;
  Time now_{0};
};

// Near times with many equals, the distances of a network, and the whole range of the clock.
TEST(EventQueueTest, AnyMixtureOfCallsKeepsTheOrderOfTimeAndSequence) {
  constexpr int kSteps = 10'000;
  for (const int bits : {2, 6, 7, 13, 24, 40, 63}) {
    for (const int events : {1, 2, 5, 60, 2'000}) {
      for (uint64_t seed = 0; seed < 20; ++seed) {
        Mixture mixture(seed, events);
        for (int step = 0; step < kSteps; ++step) {
          mixture.Step(bits);
          if (HasFatalFailure()) FAIL() << bits << " bits, " << events << " events, seed " << seed << ", step " << step;
        }
        mixture.Drain();
      }
    }
  }
}

}  // namespace
}  // namespace sim
