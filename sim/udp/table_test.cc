#include "sim/udp/table.h"

#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include <gtest/gtest.h>

namespace sim::udp {
namespace {

constexpr uint32_t kOwn = 0x0a000001;
constexpr uint32_t kLoopback = 0x7f000001;
const lab::Endpoint kPeer{0x0a000002, 7777};
const lab::Endpoint kOther{0x0a000002, 7778};

struct Nobody final : Binding::Owner {
  void OnDatagram(const lab::Packet&) override {}
  void OnError(const lab::Packet&, const lab::Quoted&) override {}
};

class TableTest : public testing::Test {
 protected:
  Binding* Make(bool reuse_address = false, bool reuse_port = false) {
    bindings_.push_back(std::make_unique<Binding>(nobody_));
    bindings_.back()->reuse_address = reuse_address;
    bindings_.back()->reuse_port = reuse_port;
    return bindings_.back().get();
  }
  Binding* Bound(const lab::Endpoint& local, bool reuse_address = false, bool reuse_port = false) {
    Binding* const binding = Make(reuse_address, reuse_port);
    EXPECT_EQ(table_.Bind(*binding, local), 0);
    return binding;
  }
  Binding* Find(uint32_t address, const lab::Endpoint& source = kPeer) { return table_.Find({address, 9999}, source); }

  Table table_{77};
  Nobody nobody_;
  std::vector<std::unique_ptr<Binding>> bindings_;
};

TEST_F(TableTest, APortHasOneSocketAnAddress) {
  Bound({kOwn, 9999});
  EXPECT_EQ(table_.Bind(*Make(), {0, 9999}), -EADDRINUSE);
  EXPECT_EQ(table_.Bind(*Make(), {kOwn, 9999}), -EADDRINUSE);
  Bound({kLoopback, 9999});
  Bound({0, 9998});
}

TEST_F(TableTest, APortIsFreeOnceItsBindingIsGone) {
  Bound({0, 9999});
  EXPECT_TRUE(table_.Bound(9999));
  bindings_.clear();
  EXPECT_FALSE(table_.Bound(9999));
  Bound({0, 9999});
}

TEST_F(TableTest, PortZeroIsOneThatNobodyHas) {
  std::set<uint16_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    const uint16_t port = Bound({0, 0})->local().port;
    EXPECT_GE(port, Table::kFirstEphemeral);
    EXPECT_LE(port, Table::kLastEphemeral);
    EXPECT_TRUE(seen.insert(port).second);
  }
}

TEST_F(TableTest, OnceAllAreTakenThereIsNone) {
  for (int port = Table::kFirstEphemeral; port <= Table::kLastEphemeral; ++port) Bound({0, 0});
  EXPECT_EQ(table_.Bind(*Make(), {0, 0}), -EADDRINUSE);
}

TEST_F(TableTest, BothMustWantToShareInTheSameWay) {
  Bound({0, 9999}, true, false);
  EXPECT_EQ(table_.Bind(*Make(), {0, 9999}), -EADDRINUSE);
  EXPECT_EQ(table_.Bind(*Make(false, true), {0, 9999}), -EADDRINUSE);
  Bound({0, 9999}, true, false);
}

TEST_F(TableTest, TheOneThatFixesMostGetsIt) {
  Binding* const all = Bound({0, 9999}, true);
  EXPECT_EQ(Find(kOwn), all);
  Binding* const own = Bound({kOwn, 9999}, true);
  EXPECT_EQ(Find(kOwn), own);
  EXPECT_EQ(Find(kLoopback), all);
  Binding* const connected = Bound({0, 9999}, true);
  connected->Connect(kOwn, kPeer);
  EXPECT_EQ(Find(kOwn), connected);
  EXPECT_EQ(Find(kOwn, kOther), own);
  connected->Disconnect({});
  EXPECT_EQ(Find(kOwn), own);
  EXPECT_EQ(Find(kLoopback), connected);
}

TEST_F(TableTest, OfSeveralAlikeTheLastGetsIt) {
  Binding* const first = Bound({0, 9999}, true);
  Binding* const second = Bound({0, 9999}, true);
  EXPECT_EQ(Find(kOwn), second);
  // Coming back to the address counts as coming.
  first->Connect(kOwn, kOther);
  first->Disconnect({});
  EXPECT_EQ(Find(kOwn), first);
  second->Release();
  EXPECT_EQ(Find(kOwn), first);
}

TEST_F(TableTest, WithReusePortSendersAreSpreadAndKeepTheirSocket) {
  for (int i = 0; i < 4; ++i) Bound({0, 9999}, false, true);
  std::map<Binding*, int> found;
  for (uint16_t port = 1; port <= 1'000; ++port) {
    Binding* const binding = Find(kOwn, {kPeer.address, port});
    EXPECT_EQ(Find(kOwn, {kPeer.address, port}), binding);
    ++found[binding];
  }
  ASSERT_EQ(found.size(), 4u);
  for (const auto& [binding, count] : found) EXPECT_GT(count, 150);
}

TEST_F(TableTest, ABroadcastIsForAll) {
  Binding* const first = Bound({0, 9999}, true);
  Bound({kOwn, 9999}, true);
  Binding* const second = Bound({0, 9999}, true);
  EXPECT_EQ(table_.FindAll({0x0affffff, 9999}, kPeer), (std::vector<Binding*>{first, second}));
  EXPECT_TRUE(table_.FindAll({0x0affffff, 9998}, kPeer).empty());
}

}  // namespace
}  // namespace sim::udp
