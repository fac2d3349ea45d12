#include "sim/engine/engine.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

bool Never() { return false; }

class EngineTest : public testing::Test {
 protected:
  Task& Add(std::function<void()> body) {
    tasks_.push_back(std::make_unique<Task>(engine_.scheduler(), std::move(body)));
    engine_.scheduler().Wake(*tasks_.back());
    return *tasks_.back();
  }

  Engine engine_{lab::Choices::Benign()};
  std::string log_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

TEST_F(EngineTest, TimeMovesOnlyWhenNothingCanRun) {
  Add([&] {
    engine_.Wait(seconds(2));
    log_ += "b" + std::to_string(engine_.now() / seconds(1));
  });
  Add([&] {
    log_ += "a" + std::to_string(engine_.now() / seconds(1));
    engine_.Wait(seconds(5));
    log_ += "c" + std::to_string(engine_.now() / seconds(1));
  });
  EXPECT_FALSE(engine_.RunUntil(Never, seconds(60)));
  EXPECT_EQ(log_, "a0b2c5");
  EXPECT_EQ(engine_.now(), seconds(5)) << "at rest, the clock stays";
}

TEST_F(EngineTest, TasksThatCanRunTakeTurns) {
  for (const char* name : {"a", "b", "c"}) {
    Add([this, name] {
      for (int i = 0; i < 3; ++i) {
        log_ += name;
        engine_.Spend(nanoseconds(1000));
      }
    });
  }
  engine_.RunUntil(Never, seconds(1));
  EXPECT_EQ(log_, "abcabcabc");
  EXPECT_EQ(engine_.now(), nanoseconds(3000));
}

TEST_F(EngineTest, ATaskThatSpinsStopsAtTheLimit) {
  Add([&] {
    for (;;) engine_.Spend(nanoseconds(1000));
  });
  EXPECT_FALSE(engine_.RunUntil(Never, milliseconds(5)));
  EXPECT_EQ(engine_.now(), milliseconds(5));
  EXPECT_FALSE(engine_.at_rest());
}

TEST_F(EngineTest, AConditionEndsTheRunAtTheStepThatMakesItTrue) {
  int n = 0;
  Add([&] {
    for (;;) {
      ++n;
      engine_.Spend(nanoseconds(1000));
    }
  });
  EXPECT_TRUE(engine_.RunUntil([&] { return n == 10; }, seconds(1)));
  EXPECT_EQ(n, 10);
  EXPECT_EQ(engine_.now(), nanoseconds(9000));
}

TEST_F(EngineTest, WhatWakesAPausedTaskCountsWhenItIsResumed) {
  Task& task = Add([&] {
    log_ += "a";
    const auto wakeup = engine_.Wait(seconds(1));
    log_ += wakeup == Task::Wakeup::kTimedOut ? "t" : "w";
  });
  engine_.RunTo(milliseconds(1));
  task.Pause();
  engine_.RunTo(seconds(5));
  EXPECT_EQ(log_, "a");
  task.Resume();
  engine_.RunTo(seconds(6));
  EXPECT_EQ(log_, "at");
}

TEST_F(EngineTest, ADeadlineThatPassedWhileATaskWasPausedIsDueAtOnce) {
  Task& task = Add([&] {
    for (;;) {
      const auto wakeup = engine_.Wait(seconds(1));
      log_ += wakeup == Task::Wakeup::kTimedOut ? "t" : "w";
      if (wakeup == Task::Wakeup::kTimedOut) return;
    }
  });
  engine_.RunTo(milliseconds(1));
  task.Pause();
  engine_.scheduler().Wake(task);
  engine_.RunTo(seconds(5));
  task.Resume();
  engine_.RunTo(seconds(6));
  EXPECT_EQ(log_, "wt");
}

TEST_F(EngineTest, PausingOneThatCouldRunHoldsItBack) {
  Task& task = Add([&] { log_ += "a"; });
  task.Pause();
  task.Resume();
  task.Resume();
  task.Pause();
  engine_.RunTo(seconds(1));
  EXPECT_EQ(log_, "");
  EXPECT_TRUE(engine_.at_rest());
  task.Resume();
  engine_.RunTo(seconds(2));
  EXPECT_EQ(log_, "a");
}

TEST_F(EngineTest, AKilledTaskLeavesNothingBehind) {
  Task& task = Add([&] { engine_.Wait(seconds(10)); });
  engine_.RunTo(seconds(1));
  EXPECT_FALSE(engine_.at_rest());
  task.Kill();
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(engine_.at_rest());
}

TEST_F(EngineTest, DestructorsOfAKilledTaskAreToldSo) {
  Task::Wakeup seen = Task::Wakeup::kWoken;
  bool spent = true;
  struct Calls {
    Engine& engine;
    Task::Wakeup& seen;
    bool& spent;
    ~Calls() {
      spent = engine.Spend(nanoseconds(1));
      seen = engine.Wait(std::nullopt);
    }
  };
  Task& task = Add([&] {
    Calls calls{engine_, seen, spent};
    engine_.Wait(std::nullopt);
  });
  engine_.RunTo(seconds(1));
  task.Kill();
  EXPECT_EQ(seen, Task::Wakeup::kKilled);
  EXPECT_FALSE(spent);
}

TEST_F(EngineTest, BackgroundEventsRunOnlyWhileTimeHasToPass) {
  class Counts : public Event {
   public:
    void OnTime() override { ++count; }
    int count = 0;
  } event;
  engine_.events().Schedule(event, seconds(1), EventQueue::Weight::kBackground);
  EXPECT_FALSE(engine_.RunUntil(Never, seconds(5)));
  EXPECT_EQ(event.count, 0);
  EXPECT_EQ(engine_.now(), seconds(0));
  engine_.RunTo(seconds(5));
  EXPECT_EQ(event.count, 1);
  EXPECT_EQ(engine_.now(), seconds(5));
}

TEST(SchedulerTest, ChoicesDecideWhoRunsNext) {
  lab::Choices choices = lab::Choices::Replayed({{lab::Choice::kSchedule, 0, 0, 2}});
  Scheduler scheduler(choices);
  std::string log;
  Task a(scheduler, [&] { log += "a"; });
  Task b(scheduler, [&] { log += "b"; });
  Task c(scheduler, [&] { log += "c"; });
  for (Task* task : {&a, &b, &c}) scheduler.Wake(*task);
  while (!scheduler.idle()) scheduler.RunOne();
  EXPECT_EQ(log, "cab");
}

}  // namespace
}  // namespace sim
