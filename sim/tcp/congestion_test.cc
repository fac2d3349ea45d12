#include "sim/tcp/congestion.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

constexpr uint32_t kMss = 1'000;

TEST(NewReno, BeginsWithTenSegments) {
  NewReno control;
  control.Start(kMss);
  EXPECT_EQ(10 * kMss, control.window());
}

TEST(NewReno, DoublesEachRoundTripInSlowStart) {
  NewReno control;
  control.Start(kMss);
  for (int i = 0; i < 10; ++i) control.OnAcked(kMss, 10 * kMss, kMss);
  EXPECT_EQ(20 * kMss, control.window());
}

TEST(NewReno, DoesNotGrowAWindowThatIsNotUsed) {
  NewReno control;
  control.Start(kMss);
  for (int i = 0; i < 10; ++i) control.OnAcked(kMss, kMss, kMss);
  EXPECT_EQ(10 * kMss, control.window());
}

TEST(NewReno, HalvesOnLossAndThenGrowsByASegmentEachRoundTrip) {
  NewReno control;
  control.Start(kMss);
  control.OnLoss(10 * kMss, kMss);
  EXPECT_EQ(8 * kMss, control.window());  // half, and the three that have left the network
  control.OnDuplicate(kMss);
  EXPECT_EQ(9 * kMss, control.window());
  control.OnPartlyAcked(2 * kMss, kMss);
  EXPECT_EQ(8 * kMss, control.window());
  control.OnRecovered(8 * kMss, kMss);
  EXPECT_EQ(5 * kMss, control.window());
  for (int i = 0; i < 5; ++i) control.OnAcked(kMss, 5 * kMss, kMss);
  EXPECT_NEAR(6 * kMss, control.window(), kMss / 10);
}

TEST(NewReno, BeginsWithOneSegmentAfterATimeout) {
  NewReno control;
  control.Start(kMss);
  control.OnTimeout(10 * kMss, kMss);
  EXPECT_EQ(kMss, control.window());
  for (int i = 0; i < 4; ++i) control.OnAcked(kMss, control.window(), kMss);
  EXPECT_EQ(5 * kMss, control.window());  // slow start up to half of what was in flight
  control.OnAcked(kMss, control.window(), kMss);
  EXPECT_EQ(5 * kMss + kMss / 5, control.window());
}

TEST(NewReno, ForgetsALargeWindowWhenIdle) {
  NewReno control;
  control.Start(kMss);
  for (int i = 0; i < 30; ++i) control.OnAcked(kMss, 40 * kMss, kMss);
  control.OnIdle(kMss);
  EXPECT_EQ(10 * kMss, control.window());
}

}  // namespace
}  // namespace sim::tcp
