#include "sim/engine/event_queue.h"

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "lab/choice/choices.h"

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

TEST(EventQueueTest, AnyMixtureOfSchedulingAndCancellingKeepsTheOrder) {
  lab::Choices choices = lab::Choices::Seeded(1);
  const auto draw = [&](uint32_t n) { return choices.Pick(lab::Choice::kJitter, 0, n); };
  EventQueue queue;
  std::vector<std::unique_ptr<Numbered>> events;
  for (int i = 0; i < 200; ++i) events.push_back(std::make_unique<Numbered>(i));
  std::map<std::pair<int64_t, int>, int> expected;  // by (time, sequence)
  std::vector<std::pair<int64_t, int>> key(events.size());
  for (int step = 0; step < 20'000; ++step) {
    const size_t i = draw(static_cast<uint32_t>(events.size()));
    switch (draw(3)) {
      case 0:
      case 1:
        expected.erase(key[i]);
        key[i] = {draw(50), step};
        expected[key[i]] = static_cast<int>(i);
        queue.Schedule(*events[i], nanoseconds(key[i].first));
        break;
      case 2:
        if (draw(2) == 0) {
          expected.erase(key[i]);
          events[i]->Cancel();
        } else if (!expected.empty()) {
          ASSERT_EQ(queue.next().count(), expected.begin()->first.first);
          ASSERT_EQ(PopNumber(queue), expected.begin()->second);
          expected.erase(expected.begin());
        }
    }
    ASSERT_EQ(queue.size(), expected.size());
    ASSERT_EQ(queue.visible(), expected.size());
  }
}

}  // namespace
}  // namespace sim
