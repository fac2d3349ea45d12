#include "lab/wire/packet.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include <gtest/gtest.h>

namespace lab {
namespace {

// A SYN of Linux 6.18, as it left by a TUN device with an MTU of 65535.
constexpr char kLinuxSyn[] =
    "4500003cd51b40004006519e0a0000010a0000028332270fd2542c7b00000000a002ffd7606600000204ffd7"
    "0402080a0fba20cd000000000103030a";

constexpr char kLinuxIpv6Syn[] =
    "600ec8d800280640fd000000000000000000000000000001fd000000000000000000000000000002"
    "bb08270fcf4f035600000000a002ffc3b9e900000204ffc30402080af051f52b000000000103030a";

std::vector<uint8_t> Hex(const char* hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  return {bytes.begin(), bytes.end()};
}

Packet Data(size_t length) {
  Packet packet;
  packet.source = {0x0a000001, 40'000};
  packet.destination = {0x0a000002, 9999};
  packet.tcp.seq = 0xfffffff0;
  packet.tcp.ack = 77;
  packet.tcp.ack_flag = true;
  packet.tcp.psh = true;
  packet.tcp.window = 512;
  packet.payload = Payload::Copy(std::string(length, 'x'));
  return packet;
}

void ExpectSame(const Packet& a, const Packet& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.destination, b.destination);
  EXPECT_EQ(a.tcp.seq, b.tcp.seq);
  EXPECT_EQ(a.tcp.ack, b.tcp.ack);
  EXPECT_EQ(a.tcp.FlagsToString(), b.tcp.FlagsToString());
  EXPECT_EQ(a.tcp.window, b.tcp.window);
  EXPECT_EQ(a.tcp.urgent, b.tcp.urgent);
  EXPECT_EQ(a.tcp.mss, b.tcp.mss);
  EXPECT_EQ(a.tcp.window_scale, b.tcp.window_scale);
  EXPECT_EQ(a.tcp.sack_permitted, b.tcp.sack_permitted);
  EXPECT_EQ(a.tcp.timestamps, b.tcp.timestamps);
  EXPECT_EQ(a.tcp.sack, b.tcp.sack);
  EXPECT_EQ(a.payload.ToString(), b.payload.ToString());
}

void ExpectRoundTrip(const Packet& packet) {
  const auto bytes = ToBytes(packet, 4711);
  EXPECT_EQ(bytes.size(), packet.wire_size());
  const auto back = FromBytes(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  ExpectSame(*back, packet);
}

TEST(PacketTest, ReadsTheKernelsSyn) {
  const auto packet = FromBytes(Hex(kLinuxSyn));
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(ToString(packet->source), "10.0.0.1:33586");
  EXPECT_EQ(ToString(packet->destination), "10.0.0.2:9999");
  EXPECT_EQ(packet->tcp.FlagsToString(), "SYN");
  EXPECT_EQ(packet->tcp.seq, 0xd2542c7bu);
  EXPECT_EQ(packet->tcp.window, 65'495);
  EXPECT_EQ(packet->tcp.mss, 65'495);
  EXPECT_EQ(packet->tcp.window_scale, 10);
  EXPECT_TRUE(packet->tcp.sack_permitted);
  EXPECT_EQ(packet->tcp.timestamps, (TcpHeader::Timestamps{0x0fba20cd, 0}));
  EXPECT_EQ(packet->wire_size(), 60u);
  EXPECT_EQ(packet->sequence_length(), 1u);
}

TEST(PacketTest, WritesTheKernelsSynAsTheKernelDid) {
  const auto packet = FromBytes(Hex(kLinuxSyn));
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(ToBytes(*packet, 0xd51b), Hex(kLinuxSyn));
}

TEST(PacketTest, RoundTripsOfAllCombinationsOfOptions) {
  for (unsigned options = 0; options < 16; ++options) {
    for (size_t length : {0, 1, 2, 1460}) {
      Packet packet = Data(length);
      packet.tcp.syn = true;
      if (options & 1) packet.tcp.mss = 1460;
      if (options & 2) packet.tcp.window_scale = 7;
      if (options & 4) packet.tcp.sack_permitted = true;
      if (options & 8) packet.tcp.timestamps = {123'456'789, 0xffffffff};
      SCOPED_TRACE(options);
      EXPECT_EQ(packet.tcp.size() % 4, 0u);
      ExpectRoundTrip(packet);
    }
  }
}

TEST(PacketTest, RoundTripsOfSackBlocks) {
  Packet packet = Data(0);
  for (uint32_t blocks = 1; blocks <= 4; ++blocks) {
    packet.tcp.sack.push_back({1000 * blocks, 1000 * blocks + 500});
    ExpectRoundTrip(packet);
  }
  packet.tcp.sack.pop_back();
  packet.tcp.timestamps = {1, 2};
  ExpectRoundTrip(packet);
}

TEST(PacketTest, SackBlocksBeyondTheSpaceForOptionsAreLeftOut) {
  Packet packet = Data(10);
  packet.tcp.timestamps = {1, 2};
  for (uint32_t i = 0; i < SackBlocks::kMost; ++i) packet.tcp.sack.push_back({i, i + 1});
  EXPECT_EQ(packet.tcp.size(), 60u);
  const auto back = FromBytes(ToBytes(packet));
  ASSERT_TRUE(back.ok()) << back.status();
  packet.tcp.sack.pop_back();
  ExpectSame(*back, packet);
}

TEST(PacketTest, RoundTripOfTheLargestPacket) { ExpectRoundTrip(Data(65'535 - 40)); }

TEST(PacketTest, EveryCorruptedByteIsRefused) {
  Packet packet = Data(33);
  packet.tcp.timestamps = {1, 2};
  const auto good = ToBytes(packet);
  for (size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x10;
    EXPECT_FALSE(FromBytes(bad).ok()) << "byte " << i;
  }
}

TEST(PacketTest, EveryTruncationIsRefused) {
  const auto good = ToBytes(Data(20));
  for (size_t length = 0; length < good.size(); ++length) {
    const auto packet = FromBytes(std::span(good).first(length));
    EXPECT_EQ(packet.status().code(), absl::StatusCode::kInvalidArgument) << length;
  }
}

TEST(PacketTest, BytesBehindThePacketAreNotItsOwn) {
  auto bytes = ToBytes(Data(20));
  bytes.resize(bytes.size() + 6);
  const auto packet = FromBytes(bytes);
  ASSERT_TRUE(packet.ok()) << packet.status();
  ExpectSame(*packet, Data(20));
}

// An IPv4 header with a right checksum, and whatever `change` does to it before.
absl::StatusOr<Packet> WithHeader(size_t at, uint8_t value) {
  auto bytes = ToBytes(Data(4));
  bytes[at] = value;
  bytes[10] = bytes[11] = 0;
  uint32_t sum = 0;
  for (size_t i = 0; i < 20; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes[10] = static_cast<uint8_t>(~sum >> 8);
  bytes[11] = static_cast<uint8_t>(~sum);
  return FromBytes(bytes);
}

TEST(PacketTest, OtherProtocolsAreUnimplemented) {
  const auto sctp = WithHeader(9, 132);
  EXPECT_EQ(sctp.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(sctp.status().message(), "IP protocol 132, not TCP, UDP or ICMP");
}

// A datagram "hello", and port-unreachable for "world", as they left Linux 6.18 by a TUN device.
constexpr char kLinuxDatagram[] = "45000021daa8400040114c210a0000010a0000021e61270f000d628f68656c6c6f";
constexpr char kLinuxUnreachable[] =
    "45c0003df9be000040016c3f0a0000010a0000020303111e000000004500002100014000401126c90a0000020a000001115c0009000d8c90"
    "776f726c64";

TEST(PacketTest, ADatagramIsTheKernelsToTheByte) {
  const auto packet = FromBytes(Hex(kLinuxDatagram));
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->protocol, Protocol::kUdp);
  EXPECT_EQ(ToString(packet->source), "10.0.0.1:7777");
  EXPECT_EQ(ToString(packet->destination), "10.0.0.2:9999");
  EXPECT_EQ(packet->payload.ToString(), "hello");
  EXPECT_EQ(packet->wire_size(), 33u);
  EXPECT_EQ(ToBytes(*packet, 0xdaa8), Hex(kLinuxDatagram));
}

TEST(PacketTest, AnIcmpErrorIsTheKernelsToTheByte) {
  const auto packet = FromBytes(Hex(kLinuxUnreachable));
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(packet->protocol, Protocol::kIcmp);
  EXPECT_EQ(packet->icmp, (IcmpHeader{3, 3, 0}));
  EXPECT_EQ(ToString(packet->source), "10.0.0.1:0");
  EXPECT_EQ(packet->payload.size(), 33u);
  EXPECT_EQ(ToBytes(*packet, 0xf9be), Hex(kLinuxUnreachable));
}

TEST(PacketTest, HopsAndTypeOfServiceAreKept) {
  Packet packet = Data(1);
  packet.hops = 3;
  packet.type_of_service = 0x10;
  const auto back = FromBytes(ToBytes(packet));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->hops, 3);
  EXPECT_EQ(back->type_of_service, 0x10);
}

TEST(PacketTest, ADatagramThatIsNotWholeOrWrongIsRefused) {
  auto bytes = Hex(kLinuxDatagram);
  bytes.back() ^= 1;
  EXPECT_EQ(FromBytes(bytes).status().message(), "the UDP checksum is wrong");
  bytes[26] = bytes[27] = 0;  // no checksum at all
  EXPECT_TRUE(FromBytes(bytes).ok());
  bytes[25] = 14;
  EXPECT_EQ(FromBytes(bytes).status().message(), "a datagram of 14 bytes in 13");
  bytes[25] = 7;
  EXPECT_EQ(FromBytes(bytes).status().message(), "a datagram of 7 bytes in 13");
  bytes[25] = 12;
  EXPECT_EQ(FromBytes(bytes)->payload.ToString(), "hell");
}

TEST(PacketTest, AChecksumOfZeroIsSentAsAllOnes) {
  Packet packet = Data(0);
  packet.protocol = Protocol::kUdp;
  // Finds the two bytes that make the sum come out as zero.
  bool found = false;
  for (uint32_t word = 0; word <= 0xffff && !found; ++word) {
    packet.payload = Payload::Copy(std::string{static_cast<char>(word >> 8), static_cast<char>(word)});
    const auto bytes = ToBytes(packet);
    ASSERT_FALSE(bytes[26] == 0 && bytes[27] == 0);
    found = bytes[26] == 0xff && bytes[27] == 0xff;
    if (found) {
      EXPECT_TRUE(FromBytes(bytes).ok());
    }
  }
  EXPECT_TRUE(found);
}

TEST(PacketTest, AnIcmpMessageThatIsNotWholeOrWrongIsRefused) {
  auto bytes = Hex(kLinuxUnreachable);
  bytes.back() ^= 1;
  EXPECT_EQ(FromBytes(bytes).status().message(), "the ICMP checksum is wrong");
}

TEST(PacketTest, FragmentsAndOtherVersionsAreRefused) {
  EXPECT_EQ(WithHeader(6, 0x20).status().message(), "a fragment of an IPv4 packet");
  EXPECT_EQ(WithHeader(7, 1).status().message(), "a fragment of an IPv4 packet");
  EXPECT_EQ(WithHeader(0, 0x55).status().message(), "IP version 5, not 4 or 6");
  EXPECT_FALSE(WithHeader(0, 0x44).ok());
}

TEST(PacketTest, RoundTripsOverIpv6) {
  for (const size_t length : {size_t{0}, size_t{1}, size_t{1000}, size_t{65'535 - 60}}) {
    Packet packet = Data(length);
    packet.source.address = IpAddress::V6(0xfd000000, 0, 0, 1);
    packet.destination.address = IpAddress::V6(0xfd000000, 0, 0, 2);
    packet.hops = 9;
    packet.type_of_service = 0x12;
    ExpectRoundTrip(packet);
    const std::vector<uint8_t> bytes = ToBytes(packet);
    EXPECT_EQ(bytes.size(), 40 + 20 + length);
    EXPECT_EQ(FromBytes(bytes)->hops, 9);
    EXPECT_EQ(FromBytes(bytes)->type_of_service, 0x12);
    packet.protocol = Protocol::kUdp;
    EXPECT_EQ(FromBytes(ToBytes(packet))->protocol, Protocol::kUdp);
    packet.protocol = Protocol::kIcmp;
    EXPECT_EQ(ToBytes(packet)[6], 58);
    EXPECT_EQ(FromBytes(ToBytes(packet))->protocol, Protocol::kIcmp);
  }
}

TEST(PacketTest, ReadsAndWritesTheKernelsSynOverIpv6) {
  const std::vector<uint8_t> bytes = Hex(kLinuxIpv6Syn);
  const auto packet = FromBytes(bytes);
  ASSERT_TRUE(packet.ok()) << packet.status();
  EXPECT_EQ(ToString(packet->source.address), "fd00::1");
  EXPECT_EQ(ToString(packet->destination), "[fd00::2]:9999");
  EXPECT_TRUE(packet->tcp.syn);
  EXPECT_EQ(packet->tcp.mss, 65'535 - 60);
}

TEST(PacketTest, AnIpv6PacketThatIsNotWholeOrOfIpv4IsRefused) {
  std::vector<uint8_t> bytes = Hex(kLinuxIpv6Syn);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(FromBytes(std::span(bytes).first(length)).ok()) << length;
  }
  bytes.push_back(0);
  EXPECT_TRUE(FromBytes(bytes).ok());
  const in6_addr mapped = IpAddress(0x0a000001).ToIn6();
  std::copy(std::begin(mapped.s6_addr), std::end(mapped.s6_addr), bytes.begin() + 8);
  EXPECT_EQ(FromBytes(bytes).status().message(), "a mapped IPv4 address in an IPv6 packet");
}

TEST(PacketTest, RandomBytesNeverCrash) {
  uint32_t state = 7;
  const auto random = [&state] {
    state = state * 1'664'525 + 1'013'904'223;
    return static_cast<uint8_t>(state >> 16);
  };
  for (int i = 0; i < 20'000; ++i) {
    std::vector<uint8_t> bytes(random() % 120);
    for (uint8_t& byte : bytes) byte = random();
    if (!bytes.empty() && i % 2 == 0) bytes[0] = 0x45;
    EXPECT_FALSE(FromBytes(bytes).ok());
  }
}

// Options are read behind a right checksum, so random ones have to be signed first.
TEST(PacketTest, RandomOptionsNeverCrash) {
  uint32_t state = 9;
  const auto random = [&state] {
    state = state * 1'664'525 + 1'013'904'223;
    return static_cast<uint8_t>(state >> 16);
  };
  for (int i = 0; i < 20'000; ++i) {
    Packet packet = Data(4);
    packet.tcp.syn = i % 2 == 0;
    packet.tcp.timestamps = {0, 0};
    for (uint32_t block = 0; block < 3; ++block) packet.tcp.sack.push_back({0, 0});
    auto bytes = ToBytes(packet);
    bytes[36] = bytes[37] = 0;
    for (size_t at = 40; at < 80; ++at) bytes[at] = random() % (i % 3 == 0 ? 256 : 12);
    uint32_t sum = 6 + static_cast<uint32_t>(bytes.size()) - 20;
    for (size_t at = 12; at < bytes.size(); at += 2) sum += bytes[at] << 8 | bytes[at + 1];
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    bytes[36] = static_cast<uint8_t>(~sum >> 8);
    bytes[37] = static_cast<uint8_t>(~sum);
    const auto back = FromBytes(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->payload.ToString(), "xxxx");
    EXPECT_LE(back->tcp.size(), 60u);
  }
}

TEST(PacketTest, FlagsPrintAsTheRfcNamesThem) {
  TcpHeader tcp;
  EXPECT_EQ(tcp.FlagsToString(), "");
  tcp.ack_flag = true;
  EXPECT_EQ(tcp.FlagsToString(), "ACK");
  tcp.fin = true;
  EXPECT_EQ(tcp.FlagsToString(), "FIN, ACK");
  tcp.syn = tcp.rst = tcp.psh = tcp.urg = true;
  EXPECT_EQ(tcp.FlagsToString(), "SYN, FIN, RST, PSH, ACK, URG");
}

TEST(PacketTest, SynAndFinTakeASequenceNumberEach) {
  Packet packet = Data(10);
  EXPECT_EQ(packet.sequence_length(), 10u);
  packet.tcp.fin = true;
  EXPECT_EQ(packet.sequence_length(), 11u);
  packet.tcp.syn = true;
  EXPECT_EQ(packet.sequence_length(), 12u);
}

}  // namespace
}  // namespace lab
