#include "lab/service/turns.h"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace lab::service {
namespace {

const auto kNever = [] { return false; };
const auto kNoWait = [](uint32_t) { ADD_FAILURE() << "nothing to wait for"; };

TEST(Turns, AsManyAsAreAllowedGoOnAtOnce) {
  Turns turns(2);
  const auto first = turns.Take(kNoWait, kNever);
  const auto second = turns.Take(kNoWait, kNever);
  EXPECT_TRUE(first.ok() && second.ok());
}

TEST(Turns, TheNextIsToldHowManyAreBeforeIt) {
  Turns turns(1);
  std::optional<absl::StatusOr<Turns::Turn>> first = turns.Take(kNoWait, kNever);
  std::atomic<int> waiting = 0;
  std::vector<uint32_t> told;
  std::vector<std::thread> threads;
  for (uint32_t place = 0; place < 2; ++place) {
    threads.emplace_back([&, place] {
      const auto turn = turns.Take(
          [&, place](uint32_t before) {
            if (place == 1) told.push_back(before);
            ++waiting;
          },
          kNever);
      EXPECT_TRUE(turn.ok());
    });
    while (waiting <= static_cast<int>(place)) std::this_thread::yield();
  }
  first.reset();
  for (std::thread& thread : threads) thread.join();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), 1u);
}

TEST(Turns, WhoGivesUpLeavesTheOthersTheirTurns) {
  Turns turns(1);
  std::optional<absl::StatusOr<Turns::Turn>> first = turns.Take(kNoWait, kNever);
  const auto cancelled = turns.Take([](uint32_t) {}, [] { return true; });
  EXPECT_TRUE(absl::IsCancelled(cancelled.status()));
  first.reset();
  EXPECT_TRUE(turns.Take(kNoWait, kNever).ok());
}

}  // namespace
}  // namespace lab::service
