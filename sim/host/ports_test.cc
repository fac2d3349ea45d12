#include "sim/host/ports.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace sim {
namespace {

constexpr lab::IpAddress kHere(0x0a000001);
constexpr lab::IpAddress kElsewhere(0x0a000002);
constexpr Reuse kNone;
constexpr Reuse kByAddress{.address = true};

class PortsTest : public testing::Test {
 protected:
  // bind's answer for a socket with `reuse`.
  int TryToBind(Reuse reuse) {
    PortClaim claim;
    claim.reuse = reuse;
    return ports_.Bind(claim, kHere, 80);
  }

  Ports ports_{0};
};

TEST_F(PortsTest, ConnectionsThatClaimAPortAlikeShareOneClaim) {
  const SharedClaimPtr first = ports_.Share({kHere, 80}, kNone, false);
  EXPECT_EQ(ports_.Share({kHere, 80}, kNone, false), first);
  EXPECT_NE(ports_.Share({kHere, 81}, kNone, false), first);
  EXPECT_NE(ports_.Share({kElsewhere, 80}, kNone, false), first);
  EXPECT_NE(ports_.Share({kHere, 80}, kByAddress, false), first);
  EXPECT_NE(ports_.Share({kHere, 80}, kNone, true), first);
}

TEST_F(PortsTest, ASharedClaimIsHeldUntilTheLastConnectionHasGone) {
  SharedClaimPtr one = ports_.Share({kHere, 80}, kByAddress, false);
  SharedClaimPtr other = ports_.Share({kHere, 80}, kByAddress, false);
  EXPECT_EQ(TryToBind(kNone), -EADDRINUSE);
  one.reset();
  EXPECT_EQ(TryToBind(kNone), -EADDRINUSE);
  EXPECT_EQ(TryToBind(kByAddress), 0);
  other.reset();
  EXPECT_EQ(TryToBind(kNone), 0);
}

TEST_F(PortsTest, AConnectionThatReusesAnewLeavesTheOthersClaimAsItIs) {
  SharedClaimPtr one = ports_.Share({kHere, 80}, kNone, false);
  SharedClaimPtr other = ports_.Share({kHere, 80}, kNone, false);
  one = ports_.ShareAnew(*one, kByAddress);
  EXPECT_EQ(TryToBind(kByAddress), -EADDRINUSE);
  other.reset();
  EXPECT_EQ(TryToBind(kByAddress), 0);
}

TEST_F(PortsTest, ASocketsClaimStandsBesideThoseOfItsConnections) {
  PortClaim listener;
  listener.reuse = kByAddress;
  ASSERT_EQ(ports_.Bind(listener, kHere, 80), 0);
  SharedClaimPtr connection = ports_.Share({kHere, 80}, kByAddress, false);
  listener.Release();
  EXPECT_EQ(TryToBind(kNone), -EADDRINUSE);
  connection.reset();
  EXPECT_EQ(TryToBind(kNone), 0);
}

}  // namespace
}  // namespace sim
