#include "sim/udp/inbox.h"

#include <string>

#include <gtest/gtest.h>

namespace sim::udp {
namespace {

Datagram Make(size_t length, bool loopback = true) {
  Datagram datagram;
  datagram.payload = lab::Payload::Copy(std::string(length, 'x'));
  datagram.memory = MemoryFor(length, loopback);
  return datagram;
}

// How many of that length fit into an empty inbox of the default size.
int Fit(size_t length, bool loopback) {
  Inbox inbox;
  int count = 0;
  while (inbox.Add(Make(length, loopback))) ++count;
  return count;
}

// Where the number that fits changes, as measured on Linux 6.18 with 212,992 bytes of buffer.
TEST(InboxTest, AsManyFitAsOnTheKernelsLoopback) {
  const std::pair<size_t, int> steps[] = {{198, 166},   {646, 92},    {1'670, 48},  {3'718, 25},  {7'814, 12},
                                          {16'918, 11}, {18'531, 10}, {20'468, 9},  {22'834, 8},  {25'793, 7},
                                          {29'596, 6},  {34'667, 5},  {41'767, 4},  {52'417, 3}};
  int before = 256;
  for (const auto& [length, fit] : steps) {
    EXPECT_EQ(Fit(length - 1, true), before) << length;
    EXPECT_EQ(Fit(length, true), fit) << length;
    before = fit;
  }
}

TEST(InboxTest, AsManyFitAsOnTheKernelsTun) {
  const std::pair<size_t, int> steps[] = {{165, 166},   {613, 92},   {1'637, 48}, {3'685, 25}, {7'781, 16},
                                          {11'877, 12}, {15'973, 10}, {20'069, 8}, {24'165, 7}, {28'261, 6},
                                          {32'357, 5},  {40'549, 4}, {48'741, 3}};
  int before = 256;
  for (const auto& [length, fit] : steps) {
    EXPECT_EQ(Fit(length - 1, false), before) << length;
    EXPECT_EQ(Fit(length, false), fit) << length;
    before = fit;
  }
}

TEST(InboxTest, OneAlwaysFits) {
  Inbox inbox;
  inbox.set_limit(2'304);
  EXPECT_TRUE(inbox.Add(Make(65'507)));
  EXPECT_FALSE(inbox.Add(Make(0)));
  inbox.Pop();
  EXPECT_TRUE(inbox.Add(Make(0)));
}

TEST(InboxTest, TheOldestComesFirst) {
  Inbox inbox;
  for (const size_t length : {1, 2, 3, 4, 5}) ASSERT_TRUE(inbox.Add(Make(length)));
  for (const size_t length : {1, 2, 3}) {
    EXPECT_EQ(inbox.front().payload.size(), length);
    inbox.Pop();
  }
  ASSERT_TRUE(inbox.Add(Make(6)));
  EXPECT_EQ(inbox.size(), 3u);
  for (const size_t length : {4, 5, 6}) {
    EXPECT_EQ(inbox.front().payload.size(), length);
    inbox.Pop();
  }
  EXPECT_TRUE(inbox.empty());
}

TEST(InboxTest, RoomComesBackByTheQuarterOrWhenAllAreTaken) {
  Inbox inbox;
  while (inbox.Add(Make(1))) continue;
  EXPECT_EQ(inbox.size(), 256u);
  for (int i = 0; i < 63; ++i) inbox.Pop();
  EXPECT_FALSE(inbox.Add(Make(1)));
  inbox.Pop();
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(inbox.Add(Make(1)));
  EXPECT_FALSE(inbox.Add(Make(1)));
}

}  // namespace
}  // namespace sim::udp
