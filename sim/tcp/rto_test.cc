#include "sim/tcp/rto.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Rto, IsASecondBeforeAnythingWasMeasured) {
  EXPECT_EQ(seconds(1), RetransmissionTimeout().value());
}

TEST(Rto, LiesAtLeast200MsBeyondTheRoundTrip) {
  RetransmissionTimeout rto;
  rto.OnMeasured(milliseconds(20));
  EXPECT_EQ(milliseconds(220), rto.value());
  for (int i = 0; i < 100; ++i) rto.OnMeasured(milliseconds(20));
  EXPECT_EQ(milliseconds(220), rto.value());
}

TEST(Rto, FollowsTheVariation) {
  RetransmissionTimeout rto;
  rto.OnMeasured(milliseconds(400));
  EXPECT_EQ(milliseconds(400 + 4 * 200), rto.value());
  rto.OnMeasured(milliseconds(1'200));
  EXPECT_EQ(milliseconds(500 + 4 * 350), rto.value());
}

TEST(Rto, DoublesUpToTwoMinutesAndFallsBackWhenMeasured) {
  RetransmissionTimeout rto;
  rto.OnMeasured(milliseconds(20));
  rto.BackOff();
  EXPECT_EQ(milliseconds(440), rto.value());
  for (int i = 0; i < 100; ++i) rto.BackOff();
  EXPECT_EQ(seconds(120), rto.value());
  rto.OnMeasured(milliseconds(20));
  EXPECT_EQ(milliseconds(220), rto.value());
}

TEST(Rto, FallsBackToThreeSeconds) {
  RetransmissionTimeout rto;
  rto.FallBack();
  EXPECT_EQ(seconds(3), rto.value());
}

TEST(Rto, GivesUpAsLateAsLinux) {
  EXPECT_EQ(milliseconds(924'600), RetransmissionTimeout::GiveUpAfter(15));
  EXPECT_EQ(seconds(3), RetransmissionTimeout::GiveUpAfter(3));
  EXPECT_EQ(milliseconds(200), RetransmissionTimeout::GiveUpAfter(0));
}

}  // namespace
}  // namespace sim::tcp
