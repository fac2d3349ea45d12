#include "lab/wire/link.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace lab {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LinkTest, PacketsTakeTheLatency) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(20)});
  EXPECT_EQ(link.Send(seconds(1), 100, choices).arrives, Time(seconds(1) + milliseconds(20)));
  EXPECT_EQ(link.Send(seconds(1), 65'535, choices).arrives, Time(seconds(1) + milliseconds(20)));
}

TEST(LinkTest, BandwidthMakesPacketsQueue) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(1), .bandwidth = 1'000'000});
  EXPECT_EQ(link.Send(Time(0), 1000, choices).arrives, Time(milliseconds(2)));
  EXPECT_EQ(link.Send(Time(0), 500, choices).arrives, Time(microseconds(2500)));
  EXPECT_EQ(link.Send(seconds(1), 1000, choices).arrives, Time(seconds(1) + milliseconds(2)));
}

TEST(LinkTest, ALinkThatIsDownLosesEverything) {
  Choices choices = Choices::Benign();
  Link link(0, {.up = false});
  EXPECT_EQ(link.Send(Time(0), 100, choices).arrives, std::nullopt);
  LinkOptions up = link.options();
  up.up = true;
  link.set_options(up);
  EXPECT_TRUE(link.Send(Time(0), 100, choices).arrives.has_value());
}

TEST(LinkTest, LosesAsManyAsItsOptionsSay) {
  Choices choices = Choices::Seeded(3);
  Link link(0, {.loss_ppm = 100'000});
  int lost = 0;
  for (int i = 0; i < 10'000; ++i) lost += !link.Send(Time(i), 100, choices).arrives.has_value();
  EXPECT_GT(lost, 800);
  EXPECT_LT(lost, 1200);
}

TEST(LinkTest, LosesNothingAndIsNeverLateInABenignRun) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(1), .jitter = milliseconds(50), .loss_ppm = 999'999});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(link.Send(milliseconds(i), 100, choices).arrives, Time(milliseconds(i + 1)));
}

TEST(LinkTest, JitterDelaysWithinItsBoundAndKeepsTheOrder) {
  Choices choices = Choices::Seeded(5);
  Link link(0, {.latency = milliseconds(10), .jitter = milliseconds(3)});
  Time last(0);
  Time earliest = Time::max();
  Time latest(0);
  for (int i = 0; i < 1000; ++i) {
    const Time sent = microseconds(100) * i;
    const std::optional<Time> arrives = link.Send(sent, 100, choices).arrives;
    ASSERT_TRUE(arrives.has_value());
    EXPECT_GE(*arrives, last);
    last = *arrives;
    earliest = std::min(earliest, *arrives - sent);
    latest = std::max(latest, *arrives - sent);
  }
  EXPECT_GE(earliest, milliseconds(10));
  EXPECT_LE(latest, milliseconds(13));
  EXPECT_GT(latest, milliseconds(12));
}

TEST(LinkTest, AShorterLatencyDoesNotOvertakeWhatIsOnItsWay) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(100)});
  const auto slow = link.Send(Time(0), 100, choices).arrives;
  link.set_options({.latency = milliseconds(1)});
  EXPECT_GE(link.Send(milliseconds(1), 100, choices).arrives, slow);
}

TEST(LinkTest, AFullQueueDropsWhatComesLast) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(1), .bandwidth = 1'000'000, .queue_packets = 2});
  EXPECT_TRUE(link.Send(Time(0), 1000, choices).arrives);
  EXPECT_TRUE(link.Send(Time(0), 1000, choices).arrives);
  const Passage third = link.Send(microseconds(999), 1000, choices);
  EXPECT_FALSE(third.arrives);
  EXPECT_STREQ(third.cause, "queue full");
  // The first has left.
  EXPECT_EQ(link.Send(milliseconds(1), 1000, choices).arrives, Time(milliseconds(4)));
  EXPECT_EQ(link.counts().dropped_by_queue, 1u);
  EXPECT_EQ(link.counts().sent, 4u);
}

TEST(LinkTest, AQueueCanBeBoundedInBytes) {
  Choices choices = Choices::Benign();
  Link link(0, {.bandwidth = 1'000'000, .queue_bytes = 2500});
  EXPECT_TRUE(link.Send(Time(0), 1000, choices).arrives);
  EXPECT_TRUE(link.Send(Time(0), 1000, choices).arrives);
  EXPECT_FALSE(link.Send(Time(0), 501, choices).arrives);
  EXPECT_TRUE(link.Send(Time(0), 500, choices).arrives);
  EXPECT_FALSE(link.Send(Time(0), 1, choices).arrives);
  EXPECT_TRUE(link.Send(seconds(1), 9000, choices).arrives) << "alone, it passes whatever its size";
}

TEST(LinkTest, DuplicatesComeTwice) {
  Choices choices = Choices::Seeded(3);
  Link link(0, {.duplicate_ppm = 100'000});
  int twice = 0;
  for (int i = 0; i < 10'000; ++i) twice += link.Send(Time(i), 100, choices).duplicated;
  EXPECT_GT(twice, 800);
  EXPECT_LT(twice, 1200);
  EXPECT_EQ(link.counts().duplicated, static_cast<uint64_t>(twice));
}

TEST(LinkTest, ReorderedPacketsAreOvertakenAndHoldNobodyBack) {
  Choices choices = Choices::Seeded(3);
  Link link(0, {.latency = milliseconds(1), .reorder_ppm = 100'000, .reorder_delay = milliseconds(5)});
  int late = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Time sent = microseconds(10) * i;
    const Duration took = *link.Send(sent, 100, choices).arrives - sent;
    EXPECT_TRUE(took == milliseconds(1) || took == milliseconds(6));
    late += took == milliseconds(6);
  }
  EXPECT_GT(late, 800);
  EXPECT_LT(late, 1200);
  EXPECT_EQ(link.counts().reordered, static_cast<uint64_t>(late));
}

TEST(LinkTest, CorruptedPacketsArriveWithABitChanged) {
  Choices choices = Choices::Seeded(3);
  Link link(0, {.corrupt_ppm = 100'000});
  int changed = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Passage passage = link.Send(Time(i), 100, choices);
    EXPECT_TRUE(passage.arrives);
    if (!passage.flipped) continue;
    ++changed;
    EXPECT_LT(*passage.flipped, 800u);
    EXPECT_STREQ(passage.cause, "corrupted");
  }
  EXPECT_GT(changed, 800);
  EXPECT_LT(changed, 1200);
  EXPECT_EQ(link.counts().corrupted, static_cast<uint64_t>(changed));
}

TEST(LinkTest, ABenignRunMeetsNoneOfThem) {
  Choices choices = Choices::Benign();
  Link link(0, {.duplicate_ppm = 999'999, .reorder_ppm = 999'999, .corrupt_ppm = 999'999});
  for (int i = 0; i < 100; ++i) {
    const Passage passage = link.Send(milliseconds(i), 100, choices);
    EXPECT_EQ(passage.arrives, Time(milliseconds(i) + microseconds(10)));
    EXPECT_FALSE(passage.duplicated);
    EXPECT_FALSE(passage.flipped);
  }
}

}  // namespace
}  // namespace lab
