#include "sim/tcp/sequence.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

TEST(Sequence, ComparesAcrossTheWrap) {
  EXPECT_TRUE(Before(0xffffffffu, 0));
  EXPECT_TRUE(Before(0xffffff00u, 0x10));
  EXPECT_TRUE(After(5, 0xfffffff0u));
  EXPECT_FALSE(Before(7, 7));
  EXPECT_FALSE(After(7, 7));
  EXPECT_TRUE(Before(0, 0x7fffffffu));
}

TEST(Sequence, TakesTheLaterAndTheEarlierAcrossTheWrap) {
  EXPECT_EQ(3u, Later(0xfffffff0u, 3));
  EXPECT_EQ(3u, Later(3, 0xfffffff0u));
  EXPECT_EQ(0xfffffff0u, Earlier(0xfffffff0u, 3));
}

}  // namespace
}  // namespace sim::tcp
