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
  EXPECT_EQ(link.Send(seconds(1), 100, choices), Time(seconds(1) + milliseconds(20)));
  EXPECT_EQ(link.Send(seconds(1), 65'535, choices), Time(seconds(1) + milliseconds(20)));
}

TEST(LinkTest, BandwidthMakesPacketsQueue) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(1), .bandwidth = 1'000'000});
  EXPECT_EQ(link.Send(Time(0), 1000, choices), Time(milliseconds(2)));
  EXPECT_EQ(link.Send(Time(0), 500, choices), Time(microseconds(2500)));
  EXPECT_EQ(link.Send(seconds(1), 1000, choices), Time(seconds(1) + milliseconds(2)));
}

TEST(LinkTest, ALinkThatIsDownLosesEverything) {
  Choices choices = Choices::Benign();
  Link link(0, {.up = false});
  EXPECT_EQ(link.Send(Time(0), 100, choices), std::nullopt);
  LinkOptions up = link.options();
  up.up = true;
  link.set_options(up);
  EXPECT_TRUE(link.Send(Time(0), 100, choices).has_value());
}

TEST(LinkTest, LosesAsManyAsItsOptionsSay) {
  Choices choices = Choices::Seeded(3);
  Link link(0, {.loss_ppm = 100'000});
  int lost = 0;
  for (int i = 0; i < 10'000; ++i) lost += !link.Send(Time(i), 100, choices).has_value();
  EXPECT_GT(lost, 800);
  EXPECT_LT(lost, 1200);
}

TEST(LinkTest, LosesNothingAndIsNeverLateInABenignRun) {
  Choices choices = Choices::Benign();
  Link link(0, {.latency = milliseconds(1), .jitter = milliseconds(50), .loss_ppm = 999'999});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(link.Send(milliseconds(i), 100, choices), Time(milliseconds(i + 1)));
}

TEST(LinkTest, JitterDelaysWithinItsBoundAndKeepsTheOrder) {
  Choices choices = Choices::Seeded(5);
  Link link(0, {.latency = milliseconds(10), .jitter = milliseconds(3)});
  Time last(0);
  Time earliest = Time::max();
  Time latest(0);
  for (int i = 0; i < 1000; ++i) {
    const Time sent = microseconds(100) * i;
    const std::optional<Time> arrives = link.Send(sent, 100, choices);
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
  const auto slow = link.Send(Time(0), 100, choices);
  link.set_options({.latency = milliseconds(1)});
  EXPECT_GE(link.Send(milliseconds(1), 100, choices), slow);
}

}  // namespace
}  // namespace lab
