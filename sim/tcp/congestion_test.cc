#include "sim/tcp/congestion.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kBegin{seconds(1)};

TEST(Congestion, BeginsWithTenSegmentsAndDoublesInARoundTrip) {
  Congestion control(CongestionControl::kReno);
  EXPECT_EQ(10u, control.window());
  control.OnAcked(kBegin, 10);
  EXPECT_EQ(20u, control.window());
  EXPECT_TRUE(control.in_slow_start());
}

TEST(Congestion, RenoHalvesAndThenGrowsByASegmentARoundTrip) {
  Congestion control(CongestionControl::kReno);
  control.set_window(100);
  control.Reduce();
  EXPECT_EQ(50u, control.threshold());
  control.set_window(control.threshold());
  control.OnAcked(kBegin, 49);
  EXPECT_EQ(50u, control.window());
  control.OnAcked(kBegin, 1);
  EXPECT_EQ(51u, control.window());
}

TEST(Congestion, ThresholdIsTwoSegmentsAtTheLeast) {
  for (const CongestionControl kind : {CongestionControl::kReno, CongestionControl::kCubic}) {
    Congestion control(kind);
    control.set_window(1);
    control.Reduce();
    EXPECT_EQ(2u, control.threshold());
  }
}

TEST(Congestion, CubicKeepsSevenTenths) {
  Congestion control(CongestionControl::kCubic);
  control.set_window(100);
  control.Reduce();
  EXPECT_EQ(70u, control.threshold());
}

// RFC 9438: K is the cubic root of (100 - 70) / 0.4, 4.2 s.
TEST(Congestion, CubicIsBackAtItsLastWindowAfterK) {
  Congestion control(CongestionControl::kCubic);
  control.set_window(100);
  control.Reduce();
  control.set_window(control.threshold());
  constexpr Duration kRoundTrip = milliseconds(100);
  Time now = kBegin;
  uint32_t after_a_second = 0;
  while (control.window() < 99 && now < kBegin + seconds(20)) {
    control.OnRoundTrip(kRoundTrip);
    control.OnAcked(now, control.window());
    now += kRoundTrip;
    if (now == kBegin + seconds(1)) after_a_second = control.window();
  }
  EXPECT_GT(after_a_second, 80u);  // fast at first
  EXPECT_GT(now - kBegin, milliseconds(2'500));
  EXPECT_LT(now - kBegin, milliseconds(5'500));
}

TEST(Congestion, CubicIsNeverSlowerThanReno) {
  Congestion control(CongestionControl::kCubic);
  control.set_window(10);
  control.Reduce();
  control.set_window(control.threshold());
  const uint32_t begin = control.window();
  for (int i = 0; i < 50; ++i) control.OnAcked(kBegin + milliseconds(1) * i, control.window());
  EXPECT_GE(control.window(), begin + 50 / 3);
}

TEST(Congestion, PauseHalvesTheWindowForEachTimeout) {
  Congestion control(CongestionControl::kReno);
  control.set_window(80);
  control.OnIdle(milliseconds(500), milliseconds(200));
  EXPECT_EQ(20u, control.window());
  EXPECT_EQ(UINT32_MAX, control.threshold());
  control.OnIdle(seconds(10), milliseconds(200));
  EXPECT_EQ(10u, control.window());
}

}  // namespace
}  // namespace sim::tcp
