// Links and rules over the kernel's TCP.

#include "real/real_world.h"
#include "real/world_for_test.h"

namespace real {
namespace {

using lab::PacketEvent;
using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;

using RealFaultsTest = RealWorldTest;

TEST_F(RealFaultsTest, LatencyTakesARoundTripToConnect) {
  world_->SetLink(a_, b_, {.latency = milliseconds(40)});
  StartGreeter("hello");
  const std::string took = ResultOf(a_, [to = world_->address(b_)](Process& self) {
    const lab::Time before = self.now();
    ConnectTo(self.sockets(), to, kPort);
    self.report("result", absl::StrCat((self.now() - before) / milliseconds(1)));
    return 0;
  });
  EXPECT_GE(std::stoi(took), 80);
}

TEST_F(RealFaultsTest, AStreamSurvivesLoss) {
  const std::string big(300'000, 'x');
  world_->SetLink(a_, b_, {.mtu = 1500, .loss_ppm = 80'000});
  StartGreeter(big);
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_TRUE(world_->outcome(client).Report("received") == big) << Story(client);
  EXPECT_GE(CountPackets([](const PacketEvent& event) {
              return event.fate == PacketEvent::Fate::kLost && event.cause == "loss" && !event.arrived;
            }),
            1);
}

TEST_F(RealFaultsTest, APartitionHoldsUntilItHeals) {
  StartGreeter("hello");
  world_->SetLink(a_, b_, {.up = false});
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  const auto is_lost = [](const PacketEvent& event) { return event.cause == "link down" && !event.arrived; };
  EXPECT_TRUE(world_->RunUntil([&] { return CountPackets(is_lost) == 1; }, kPatience));
  EXPECT_FALSE(world_->outcome(client).exited);
  world_->SetLink(a_, b_, {});
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received"), "hello");
}

TEST_F(RealFaultsTest, AResetRuleEndsBothEnds) {
  lab::Rule rule;
  rule.name = "reset on the reply";
  rule.matches = [](const lab::Packet& packet) { return !packet.payload.empty(); };
  rule.count = 1;
  rule.verdict = lab::Verdict::kReset;
  world_->AddRule(rule);

  const ProcessId server = Start(b_, [](Process& self) {
    const int listener = ListenOn(self.sockets(), kPort);
    const int client = self.sockets().accept(listener, nullptr, nullptr);
    self.sockets().send(client, "hello", 5, 0);
    ReadAll(self.sockets(), client);
    self.report("result", strerrorname_np(errno));
    return 0;
  });
  ASSERT_TRUE(RunUntilListening(b_));
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  ASSERT_TRUE(RunUntilExit(server)) << Story(server);
  EXPECT_EQ(world_->outcome(client).Report("error"), "ECONNRESET");
  EXPECT_EQ(world_->outcome(server).Report("result"), "ECONNRESET");
  EXPECT_EQ(CountPackets([](const PacketEvent& event) { return event.cause == "reset on the reply"; }), 3);
}

TEST_F(RealFaultsTest, ADroppedSynIsSentAgain) {
  lab::Rule rule;
  rule.name = "the first SYN is lost";
  rule.matches = [](const lab::Packet& packet) { return packet.tcp.syn && !packet.tcp.ack_flag; };
  rule.count = 1;
  world_->AddRule(rule);
  StartGreeter("hello");
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_EQ(world_->outcome(client).Report("received"), "hello");
  EXPECT_EQ(CountPackets([&](const PacketEvent& event) { return rule.matches(event.packet); }), 2);
}

TEST_F(RealFaultsTest, ADelayedPacketIsOvertakenAndADuplicateDoesNoHarm) {
  lab::Rule delayed;
  delayed.name = "late";
  delayed.matches = [](const lab::Packet& packet) { return packet.payload.size() > 1000; };
  delayed.count = 1;
  delayed.verdict = lab::Verdict::kDelay;
  delayed.delay = milliseconds(30);
  world_->AddRule(delayed);
  lab::Rule duplicated;
  duplicated.name = "twice";
  duplicated.verdict = lab::Verdict::kDuplicate;
  world_->AddRule(duplicated);
  world_->SetLink(a_, b_, {.mtu = 1500});
  const std::string some(20'000, 'x');
  StartGreeter(some);
  const ProcessId client = Start(a_, Fetcher(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client)) << Story(client);
  EXPECT_TRUE(world_->outcome(client).Report("received") == some);
  EXPECT_EQ(CountPackets([](const PacketEvent& event) {
              return event.cause == "late" && event.arrives >= event.sent + milliseconds(30);
            }),
            1);
}

}  // namespace
}  // namespace real
