#include "sim/tcp/ack_policy.h"

#include "gtest/gtest.h"

namespace sim::tcp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kRto = milliseconds(220);
constexpr Duration kRoundTrip{0};  // not known

// A small segment comes at `now`; whether it is acknowledged at once.
bool AckedAtOnce(AckPolicy& acks, Time now) {
  acks.OnData(now, true, kRto);
  acks.Schedule(now, false, kRoundTrip);
  if (!acks.due()) return false;
  acks.OnAckSent();
  return true;
}

TEST(AckPolicy, AcknowledgesTheFirstSixteenAtOnce) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(AckedAtOnce(acks, milliseconds(i)));
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(20)));
  EXPECT_EQ(milliseconds(60), acks.deadline());
  acks.OnTimer(milliseconds(59));
  EXPECT_FALSE(acks.due());
  acks.OnTimer(milliseconds(60));
  EXPECT_TRUE(acks.due());
}

TEST(AckPolicy, WaitsForAnAnswerOnceAnAnswerWasGiven) {
  AckPolicy acks;
  acks.OnData(milliseconds(1), true, kRto);
  acks.Schedule(milliseconds(1), false, kRoundTrip);
  acks.OnDataSent(milliseconds(2));
  acks.OnAckSent();
  EXPECT_EQ(Time::max(), acks.deadline());
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(3)));
  EXPECT_EQ(milliseconds(43), acks.deadline());
  acks.OnTimer(milliseconds(43));
  EXPECT_TRUE(acks.due());
  acks.OnAckSent();
  EXPECT_TRUE(AckedAtOnce(acks, milliseconds(44)));  // no answer came, so it does not wait for one
}

TEST(AckPolicy, AcknowledgesTwoFullSegmentsAtOnce) {
  AckPolicy acks;
  acks.OnData(milliseconds(1), false, kRto);
  acks.OnDataSent(milliseconds(1));
  acks.OnData(milliseconds(2), false, kRto);
  acks.Schedule(milliseconds(2), true, kRoundTrip);
  EXPECT_TRUE(acks.due());
}

TEST(AckPolicy, AcknowledgesWhenAllIsReadAndNoAnswerIsExpected) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) AckedAtOnce(acks, milliseconds(i));
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(20)));
  acks.OnDrained();
  EXPECT_TRUE(acks.due());
}

TEST(AckPolicy, HelpsASenderThatBeginsAnew) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) AckedAtOnce(acks, milliseconds(i));
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(20)));
  acks.OnAckSent();
  EXPECT_TRUE(AckedAtOnce(acks, seconds(1)));
}

TEST(AckPolicy, AcknowledgesAFinWithoutDataAtOnce) {
  AckPolicy acks;
  acks.OnFin();
  acks.Schedule(milliseconds(1), false, kRoundTrip);
  EXPECT_TRUE(acks.due());
}

TEST(AckPolicy, WaitsLongerForStreamsThatPause) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) AckedAtOnce(acks, milliseconds(0));
  Time now = milliseconds(30);
  acks.OnData(now, true, kRto);  // half of 40 ms and the pause
  acks.Schedule(now, false, kRoundTrip);
  EXPECT_EQ(now + milliseconds(50), acks.deadline());
  now = acks.deadline();
  acks.OnTimer(now);  // twice as long next time
  acks.OnAckSent();
  now += milliseconds(150);
  acks.OnData(now, true, kRto);
  acks.Schedule(now, false, kRoundTrip);
  EXPECT_EQ(now + milliseconds(100), acks.deadline());
}

TEST(AckPolicy, WaitsNoLongerThanTheRoundTripWhereThatIsKnown) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) AckedAtOnce(acks, milliseconds(0));
  const auto delay = [&](Time now, Duration round_trip) {
    acks.OnData(now, true, kRto);
    acks.Schedule(now, false, round_trip);
    const Time deadline = acks.deadline();
    acks.OnTimer(deadline);  // doubles the delay
    acks.OnAckSent();
    return deadline - now;
  };
  EXPECT_EQ(delay(milliseconds(10), milliseconds(1)), milliseconds(40));
  EXPECT_EQ(delay(milliseconds(100), milliseconds(1)), milliseconds(40));
  EXPECT_EQ(delay(milliseconds(200), milliseconds(60)), milliseconds(60));
}

TEST(AckPolicy, WhatIsAllButDueGoesWithTheNextSegment) {
  AckPolicy acks;
  for (int i = 0; i < 16; ++i) AckedAtOnce(acks, milliseconds(0));
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(10)));  // due at 50 ms
  EXPECT_FALSE(AckedAtOnce(acks, milliseconds(30)));
  EXPECT_EQ(acks.deadline(), milliseconds(50));
  EXPECT_TRUE(AckedAtOnce(acks, milliseconds(40)));
}

}  // namespace
}  // namespace sim::tcp
