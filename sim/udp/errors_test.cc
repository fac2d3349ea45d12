#include "sim/udp/errors.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace sim::udp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Meaning Of(uint8_t type, uint8_t code) {
  lab::Packet packet;
  packet.icmp = {type, code, 0};
  return MeaningOf(packet);
}

TEST(ErrorsTest, NobodyAtThePortIsFatalAndNoWayIsNot) {
  EXPECT_EQ(Of(lab::kIcmpUnreachable, lab::kIcmpPortUnreachable).error, ECONNREFUSED);
  EXPECT_TRUE(Of(lab::kIcmpUnreachable, lab::kIcmpPortUnreachable).fatal);
  EXPECT_EQ(Of(lab::kIcmpUnreachable, lab::kIcmpHostUnreachable).error, EHOSTUNREACH);
  EXPECT_FALSE(Of(lab::kIcmpUnreachable, lab::kIcmpHostUnreachable).fatal);
  EXPECT_EQ(Of(lab::kIcmpTimeExceeded, 0).error, EHOSTUNREACH);
}

TEST(ErrorsTest, WhatIsNoErrorOrUnknownMeansNothing) {
  EXPECT_EQ(Of(lab::kIcmpEcho, 0).error, 0);
  EXPECT_EQ(Of(lab::kIcmpUnreachable, 16).error, 0);
}

TEST(ErrorsTest, SixAtOnceAndThenOneASecondToEach) {
  ErrorLimit limit;
  const lab::IpAddress one(1), other(2);
  Time now = seconds(100);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(limit.Allows(now, one));
  EXPECT_FALSE(limit.Allows(now, one));
  EXPECT_TRUE(limit.Allows(now, other));
  now += milliseconds(999);
  EXPECT_FALSE(limit.Allows(now, one));
  now += milliseconds(1);
  EXPECT_TRUE(limit.Allows(now, one));
  EXPECT_FALSE(limit.Allows(now, one));
  now += seconds(100);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(limit.Allows(now, one));
  EXPECT_FALSE(limit.Allows(now, one));
}

}  // namespace
}  // namespace sim::udp
