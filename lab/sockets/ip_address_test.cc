#include "lab/sockets/ip_address.h"

#include <arpa/inet.h>

#include "gtest/gtest.h"

namespace lab {
namespace {

IpAddress Parse(const char* text) {
  in6_addr address;
  EXPECT_EQ(inet_pton(AF_INET6, text, &address), 1) << text;
  return IpAddress(address);
}

TEST(IpAddress, Ipv4IsItsMappedAddress) {
  const IpAddress address = 0x0a000001;
  EXPECT_TRUE(address.is_ipv4());
  EXPECT_EQ(address.ipv4(), 0x0a000001u);
  EXPECT_EQ(address, Parse("::ffff:10.0.0.1"));
  EXPECT_EQ(IpAddress(address.ToIn6()), address);
  EXPECT_EQ(ToString(address), "10.0.0.1");
  EXPECT_EQ(ToString(Endpoint{address, 9999}), "10.0.0.1:9999");
}

TEST(IpAddress, Ipv6HasBracketsBeforeItsPort) {
  const IpAddress address = IpAddress::V6(0xfd000000, 0, 0, 1);
  EXPECT_FALSE(address.is_ipv4());
  EXPECT_EQ(address, Parse("fd00::1"));
  EXPECT_EQ(ToString(address), "fd00::1");
  EXPECT_EQ(ToString(Endpoint{address, 9999}), "[fd00::1]:9999");
  EXPECT_EQ(IpAddress(address.ToIn6()), address);
}

TEST(IpAddress, BothFamiliesHaveAnAddressForAllAndLoopback) {
  EXPECT_TRUE(IpAddress().is_any());
  EXPECT_TRUE(Parse("::").is_any());
  EXPECT_NE(IpAddress(), Parse("::"));
  EXPECT_FALSE(Parse("::1").is_any());
  EXPECT_FALSE(Parse("fd00::").is_any());
  EXPECT_TRUE(Parse("::1").is_loopback());
  EXPECT_TRUE(IpAddress(0x7f050505).is_loopback());
  EXPECT_FALSE(Parse("fd00::1").is_loopback());
  EXPECT_FALSE(IpAddress(0x0a000001).is_loopback());
}

TEST(IpAddress, OrderIsThatOfItsBytes) {
  EXPECT_LT(IpAddress(0x0a000001), IpAddress(0x7f000001));
  EXPECT_LT(IpAddress(0x7f000001), IpAddress(0xc0000001));
  EXPECT_LT(IpAddress(0xc0000001), Parse("fd00::1"));
  EXPECT_LT(Parse("fd00::1"), Parse("fd00::2"));
}

}  // namespace
}  // namespace lab
