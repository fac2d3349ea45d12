#include "sim/engine/fiber.h"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sim {
namespace {

TEST(FiberTest, GoesOnWhereItWas) {
  std::string steps;
  Fiber* self = nullptr;
  Fiber fiber([&] {
    steps += "a";
    self->Suspend();
    steps += "b";
  });
  self = &fiber;
  fiber.Resume();
  steps += "-";
  EXPECT_FALSE(fiber.done());
  fiber.Resume();
  EXPECT_TRUE(fiber.done());
  EXPECT_EQ(steps, "a-b");
}

TEST(FiberTest, ErrnoBelongsToTheFiber) {
  Fiber* self = nullptr;
  int seen = -1;
  Fiber fiber([&] {
    errno = EPIPE;
    self->Suspend();
    seen = errno;
  });
  self = &fiber;
  errno = ENOENT;
  fiber.Resume();
  EXPECT_EQ(errno, ENOENT);
  errno = EBADF;
  fiber.Resume();
  EXPECT_EQ(seen, EPIPE);
  EXPECT_EQ(errno, EBADF);
}

TEST(FiberTest, DestroyingUnwindsWhatHasNotEnded) {
  bool destroyed = false;
  bool passed = false;
  struct Sets {
    bool& flag;
    ~Sets() { flag = true; }
  };
  {
    Fiber* self = nullptr;
    Fiber fiber([&] {
      Sets sets{destroyed};
      self->Suspend();
      passed = true;
    });
    self = &fiber;
    fiber.Resume();
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
  EXPECT_FALSE(passed);
}

TEST(FiberTest, DestroyingOneThatNeverRanRunsNothing) {
  bool ran = false;
  { Fiber fiber([&] { ran = true; }); }
  EXPECT_FALSE(ran);
}

TEST(FiberTest, SuspendingInADestructorDuringUnwindingReturnsFalse) {
  bool resumed = true;
  {
    Fiber* self = nullptr;
    struct Suspends {
      Fiber*& fiber;
      bool& result;
      ~Suspends() { result = fiber->Suspend(); }
    };
    Fiber fiber([&] {
      Suspends suspends{self, resumed};
      self->Suspend();
    });
    self = &fiber;
    fiber.Resume();
  }
  EXPECT_FALSE(resumed);
}

TEST(FiberTest, ABodyThatSwallowsTheUnwindingIsUnwoundAgain) {
  int swallowed = 0;
  {
    Fiber* self = nullptr;
    Fiber fiber([&] {
      try {
        self->Suspend();
      } catch (...) {
        ++swallowed;
      }
      self->Suspend();
      swallowed = -1;
    });
    self = &fiber;
    fiber.Resume();
  }
  EXPECT_EQ(swallowed, 1);
}

TEST(FiberTest, FibersInTheMiddleOfHandlingExceptionsDoNotMixThem) {
  std::vector<Fiber*> self(2);
  std::vector<std::string> caught(2);
  const auto body = [&](size_t i) {
    try {
      throw std::runtime_error(std::to_string(i));
    } catch (const std::exception&) {
      self[i]->Suspend();
      try {
        throw;
      } catch (const std::exception& e) {
        caught[i] = e.what();
      }
    }
  };
  Fiber a([&] { body(0); });
  Fiber b([&] { body(1); });
  self = {&a, &b};
  a.Resume();
  b.Resume();
  a.Resume();
  b.Resume();
  EXPECT_EQ(caught, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST(FiberTest, StacksHoldMegabytes) {
  int sum = 0;
  Fiber fiber([&] {
    volatile char large[4 << 20];
    for (size_t i = 0; i < sizeof large; i += 4096) large[i] = 1;
    for (size_t i = 0; i < sizeof large; i += 4096) sum += large[i];
  });
  fiber.Resume();
  EXPECT_EQ(sum, 1024);
}

}  // namespace
}  // namespace sim
