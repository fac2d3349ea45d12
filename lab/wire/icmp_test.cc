#include "lab/wire/icmp.h"

#include <string>

#include <gtest/gtest.h>

namespace lab {
namespace {

Packet Datagram(const std::string& bytes) {
  Packet packet;
  packet.protocol = Protocol::kUdp;
  packet.source = {0x0a000001, 40'000};
  packet.destination = {0x0a000002, 9};
  packet.payload = Payload::Copy(bytes);
  return packet;
}

constexpr IcmpHeader kNoPort{kIcmpUnreachable, kIcmpPortUnreachable, 0};

TEST(IcmpTest, AnErrorQuotesWhatItIsAbout) {
  const Packet packet = Datagram("hello");
  const Packet error = IcmpError(packet, packet.destination, kNoPort);
  EXPECT_EQ(ToString(error.source), "10.0.0.2:0");
  EXPECT_EQ(ToString(error.destination), "10.0.0.1:0");
  EXPECT_EQ(error.wire_size(), 20u + 8 + 20 + 8 + 5);
  const std::optional<Quoted> quoted = QuotedIn(error);
  ASSERT_TRUE(quoted.has_value());
  EXPECT_EQ(quoted->protocol, Protocol::kUdp);
  EXPECT_EQ(quoted->source, packet.source);
  EXPECT_EQ(quoted->destination, packet.destination);
  EXPECT_EQ(quoted->payload.ToString(), "hello");
}

TEST(IcmpTest, AnErrorAboutALongDatagramHas576Bytes) {
  const Packet packet = Datagram(std::string(2000, 'x'));
  const Packet error = IcmpError(packet, packet.destination, kNoPort);
  EXPECT_EQ(error.wire_size(), 576u);
  const auto back = FromBytes(ToBytes(error));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(QuotedIn(*back)->payload.size(), 520u);
}

TEST(IcmpTest, AnErrorAboutASegmentQuotesItsNumber) {
  Packet packet;
  packet.source = {0x0a000001, 40'000};
  packet.destination = {0x0a000002, 9};
  packet.tcp.seq = 0x12345678;
  packet.tcp.syn = true;
  const std::optional<Quoted> quoted = QuotedIn(IcmpError(packet, packet.destination, kNoPort));
  ASSERT_TRUE(quoted.has_value());
  EXPECT_EQ(quoted->protocol, Protocol::kTcp);
  EXPECT_EQ(quoted->seq, 0x12345678u);
  EXPECT_EQ(quoted->destination, packet.destination);
}

TEST(IcmpTest, WhatIsNoErrorOrQuotesTooLittleQuotesNothing) {
  EXPECT_FALSE(QuotedIn(Datagram("hello")).has_value());
  Packet error = IcmpError(Datagram("hello"), {0x0a000002, 0}, kNoPort);
  error.icmp.type = kIcmpEcho;
  EXPECT_FALSE(QuotedIn(error).has_value());
  error.icmp = kNoPort;
  for (size_t length = 0; length < 28; ++length) {
    Packet cut = error;
    cut.payload = error.payload.Slice(0, length);
    EXPECT_FALSE(QuotedIn(cut).has_value()) << length;
  }
}

TEST(IcmpTest, MessagesHaveNames) {
  const auto name = [](IcmpHeader icmp) { return DescribeIcmp(IcmpError(Datagram("x"), {}, icmp)); };
  EXPECT_EQ(name(kNoPort), "port unreachable");
  EXPECT_EQ(name({kIcmpUnreachable, kIcmpHostUnreachable, 0}), "host unreachable");
  EXPECT_EQ(name({kIcmpTimeExceeded, 0, 0}), "time exceeded");
  EXPECT_EQ(name({42, 1, 0}), "type 42, code 1");
}

TEST(IcmpTest, Ipv6HasNumbersOfItsOwn) {
  Packet packet = Datagram(std::string(2000, 'x'));
  packet.source.address = IpAddress::V6(0xfd000000, 0, 0, 1);
  packet.destination.address = IpAddress::V6(0xfd000000, 0, 0, 2);
  EXPECT_EQ(PortUnreachable(packet), (IcmpHeader{1, 4, 0}));
  const Packet error = IcmpError(packet, packet.destination, PortUnreachable(packet));
  EXPECT_EQ(error.wire_size(), 1'280u);
  EXPECT_EQ(DescribeIcmp(error), "port unreachable");
  const auto back = FromBytes(ToBytes(error));
  ASSERT_TRUE(back.ok()) << back.status();
  const std::optional<Quoted> quoted = QuotedIn(*back);
  ASSERT_TRUE(quoted.has_value());
  EXPECT_EQ(quoted->protocol, Protocol::kUdp);
  EXPECT_EQ(quoted->source, packet.source);
  EXPECT_EQ(quoted->destination, packet.destination);
}

}  // namespace
}  // namespace lab
