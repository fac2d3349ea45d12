#include "lab/run/plan.h"

#include <gtest/gtest.h>

#include "lab/run/values.h"

namespace lab::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kTwoHosts[] = R"(host { name: "a" } host { name: "b" } program { host: "a" command: "serve" } )";

std::string Complaint(const std::string& text) {
  return std::string(ParseLab(text, "x.textproto").status().message());
}
std::string ComplaintOf(const std::string& rest) { return Complaint(kTwoHosts + ("\n" + rest)); }

Plan PlanOf(const std::string& rest) {
  const auto lab = ParseLab(kTwoHosts + rest, "x.textproto");
  EXPECT_TRUE(lab.ok()) << lab.status();
  return *MakePlan(*lab);
}

TEST(ValuesTest, TimesHaveUnits) {
  EXPECT_EQ(*ParseTime("20ms"), milliseconds(20));
  EXPECT_EQ(*ParseTime("1.5s"), milliseconds(1'500));
  EXPECT_EQ(*ParseTime("2m"), seconds(120));
  for (const char* wrong : {"", "20", "-1s", "20 parsecs", "inf", "9999h"}) {
    EXPECT_FALSE(ParseTime(wrong).ok()) << wrong;
  }
  EXPECT_EQ(ParseTime("20").status().message(), "`20` is no duration: write 20ms, 1.5s or 2m");
}

TEST(ValuesTest, PartsArePercentages) {
  EXPECT_EQ(*ParsePart("1%"), 10'000u);
  EXPECT_EQ(*ParsePart("0.01%"), 100u);
  EXPECT_EQ(*ParsePart("100%"), 1'000'000u);
  for (const char* wrong : {"", "1", "101%", "-1%", "nan%", "%"}) EXPECT_FALSE(ParsePart(wrong).ok()) << wrong;
}

TEST(ValuesTest, RatesAreOfBitsOrBytes) {
  EXPECT_EQ(*ParseRate("8Mbit/s"), 1'000'000u);
  EXPECT_EQ(*ParseRate("2MB/s"), 2'000'000u);
  for (const char* wrong : {"", "8", "8Mbit", "0MB/s", "1bit/s", "inf MB/s"}) {
    EXPECT_FALSE(ParseRate(wrong).ok()) << wrong;
  }
}

TEST(ValuesTest, SizesAreOfBytes) {
  EXPECT_EQ(*ParseSize("64KiB"), 65'536u);
  EXPECT_EQ(*ParseSize("1500B"), 1'500u);
  for (const char* wrong : {"", "8", "-1B", "KiB"}) EXPECT_FALSE(ParseSize(wrong).ok()) << wrong;
}

TEST(ValuesTest, CommandsAreTakenApartAsByAShell) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(*SplitCommand("python3  server.py 9999"), (Words{"python3", "server.py", "9999"}));
  EXPECT_EQ(*SplitCommand("sh -c 'a | b'"), (Words{"sh", "-c", "a | b"}));
  EXPECT_EQ(*SplitCommand(R"(x "a \"b" c\ d '' e"f"g)"), (Words{"x", "a \"b", "c d", "", "efg"}));
  EXPECT_EQ(*SplitCommand(R"(printf "a\nb")"), (Words{"printf", "a\\nb"}));
  EXPECT_FALSE(SplitCommand("echo \"$HOME\"").ok());
  EXPECT_FALSE(SplitCommand("").ok());
  EXPECT_FALSE(SplitCommand("  ").ok());
  EXPECT_FALSE(SplitCommand("x 'y").ok());
  EXPECT_FALSE(SplitCommand("x \\").ok());
  EXPECT_FALSE(SplitCommand("yes | head").ok());
}

TEST(PlanTest, WhatIsWrongIsToldWithItsPlace) {
  EXPECT_EQ(Complaint("hst { }"), "x.textproto:1:5: nothing here is called `hst` (lab/run/lab.proto has all names)");
  EXPECT_EQ(Complaint("host {"), "x.textproto:1:7: the text ends too early: is a } missing?");
  EXPECT_EQ(Complaint(""), "x.textproto:1:1: the lab has no host");
  EXPECT_EQ(Complaint("host { name: \"a\" }"), "x.textproto:1:1: the lab has no program");
  EXPECT_EQ(ComplaintOf("host { name: \"a\" }"), "x.textproto:2:8: there are two hosts named a");
  EXPECT_EQ(ComplaintOf("host { name: \"a b\" }").substr(0, 40), "x.textproto:2:8: `a b` can't be a host's");
  EXPECT_EQ(ComplaintOf("link { a: \"a\" b: \"c\" }"), "x.textproto:2:15: there is no host `c`");
  EXPECT_EQ(ComplaintOf("link { a: \"a\" }"),
            "x.textproto:2:1: a link has two ends: a and b, or neither for all links");
  EXPECT_EQ(ComplaintOf("link { loss: \"2\" }"),
            "x.textproto:2:8: `2` is no part of all packets: write 1% or 0.01%");
  EXPECT_EQ(ComplaintOf("fault { at: \"1s\" down { a: \"a\" b: \"x\" } }"),
            "x.textproto:2:32: there is no host `x`");
  EXPECT_EQ(ComplaintOf("fault { at: \"1s\" }"),
            "x.textproto:2:1: a fault says what happens: down, link, pause, resume, kill or packets");
  EXPECT_EQ(ComplaintOf("fault { at: \"1s\" kill: \"c\" }"), "x.textproto:2:18: there is no program `c`");
  EXPECT_EQ(ComplaintOf("fault { at: \"2s\" until: \"1s\" pause: \"a\" }"),
            "x.textproto:2:18: a fault ends after it has begun: `until` is a time, as `at` is");
  EXPECT_EQ(ComplaintOf("program { host: \"a\" command: \"x\" }"),
            "x.textproto:2:1: there are two programs named a: give each a name of its own");
  EXPECT_EQ(ComplaintOf("expect { program: \"z\" }"), "x.textproto:2:10: there is no program `z`");
  EXPECT_EQ(ComplaintOf("expect { program: \"a\" }"), "x.textproto:2:1: what is expected of a?");
  EXPECT_EQ(ComplaintOf("fault { at: \"1s\" until: \"2s\" kill: \"a\" }"),
            "x.textproto:2:18: only down, pause and packets have an end; what is to be undone is a fault more");
  EXPECT_EQ(ComplaintOf("fault { at: \"1s\" packets { drop: false } }"),
            "x.textproto:2:18: what is not to happen to packets is left out");
  EXPECT_EQ(ComplaintOf("host { name: \"A\" }"), "x.textproto:2:8: there are two hosts named A");
  EXPECT_EQ(ComplaintOf("program { host: \"b\" name: \"x y\" command: \"x\" }"),
            "x.textproto:2:21: a program's name is of at most 63 characters of ASCII without spaces");
  EXPECT_EQ(ComplaintOf("host { }"), "x.textproto: host[2].name is missing");
  EXPECT_EQ(ComplaintOf("host { name: \"c\" knobs { tcp_syncookies: 3 } }"),
            "x.textproto:2:26: tcp_syncookies is at most 2");
}

TEST(PlanTest, ALinksValuesAddUp) {
  const Plan plan = PlanOf(R"(link { latency: "5ms" } link { a: "b" b: "a" loss: "1%" })");
  ASSERT_EQ(plan.links.size(), 1u);
  EXPECT_EQ(plan.links[0].options.latency, milliseconds(5));
  EXPECT_EQ(plan.links[0].options.loss_ppm, 10'000u);
}

TEST(PlanTest, ChangesComeInTheOrderOfTimeAndKeepWhatWasBefore) {
  const Plan plan = PlanOf(R"(link { latency: "5ms" }
                              fault { at: "3s" link { latency: "9ms" } }
                              fault { at: "1s" until: "2s" down { a: "a" b: "b" } })");
  ASSERT_EQ(plan.changes.size(), 3u);
  EXPECT_EQ(plan.changes[0].at, seconds(1));
  EXPECT_FALSE(plan.changes[0].link.options.up);
  EXPECT_EQ(plan.changes[0].link.options.latency, milliseconds(5));
  EXPECT_TRUE(plan.changes[1].link.options.up);
  EXPECT_EQ(plan.changes[2].link.options.latency, milliseconds(9));
}

TEST(PlanTest, AChangeInsideAPartitionOutlastsIt) {
  const Plan plan = PlanOf(R"(fault { at: "2s" until: "10s" down { a: "a" b: "b" } }
                              fault { at: "3s" link { latency: "9ms" } }
                              fault { at: "4s" until: "6s" down { a: "a" b: "b" } })");
  ASSERT_EQ(plan.changes.size(), 5u);
  for (size_t i = 0; i < 4; ++i) EXPECT_FALSE(plan.changes[i].link.options.up) << i;
  EXPECT_TRUE(plan.changes[4].link.options.up);
  EXPECT_EQ(plan.changes[4].link.options.latency, milliseconds(9));
}

TEST(PlanTest, PacketsAreChosenByWhatTheyAre) {
  const Plan plan =
      PlanOf(R"(fault { at: "0s" packets { from: "a" protocol: TCP data: true containing: "x" reset: true } })");
  ASSERT_EQ(plan.rules.size(), 1u);
  EXPECT_EQ(plan.rules[0].verdict, Verdict::kReset);
  Packet packet;
  packet.source = {0x0a000001, 1};
  packet.destination = {0x0a000002, 2};
  EXPECT_FALSE(plan.rules[0].matches(packet));
  packet.payload = Payload::Copy("axb");
  EXPECT_TRUE(plan.rules[0].matches(packet));
  std::swap(packet.source, packet.destination);
  EXPECT_FALSE(plan.rules[0].matches(packet));
}

}  // namespace
}  // namespace lab::run
