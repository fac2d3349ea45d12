#include "real/reassembly.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "lab/wire/packet.h"

namespace real {
namespace {

using Bytes = Reassembly::Bytes;

Bytes Datagram(size_t length, uint16_t identification = 7) {
  lab::Packet packet;
  packet.protocol = lab::Protocol::kUdp;
  packet.source = {0x0a000001, 1234};
  packet.destination = {0x0a000002, 9999};
  std::string bytes(length, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  packet.payload = lab::Payload::Copy(bytes);
  Bytes whole = ToBytes(packet, identification);
  whole[6] = 0;  // may be cut
  return whole;
}

// The piece of `whole` from `offset` on, `length` bytes after the header. Its checksum is nobody's business here.
Bytes Piece(const Bytes& whole, size_t offset, size_t length) {
  Bytes piece(20 + length);
  std::copy_n(whole.begin(), 20, piece.begin());
  std::copy_n(whole.begin() + 20 + static_cast<std::ptrdiff_t>(offset), length, piece.begin() + 20);
  const bool more = 20 + offset + length < whole.size();
  piece[2] = static_cast<uint8_t>(piece.size() >> 8);
  piece[3] = static_cast<uint8_t>(piece.size());
  piece[6] = static_cast<uint8_t>((more ? 0x20 : 0) | offset / 8 >> 8);
  piece[7] = static_cast<uint8_t>(offset / 8);
  return piece;
}

TEST(ReassemblyTest, TheLastPieceGivesTheWhole) {
  const Bytes whole = Datagram(2'000);
  Reassembly reassembly;
  const Bytes first = Piece(whole, 0, 1'480), last = Piece(whole, 1'480, 528);
  EXPECT_TRUE(Reassembly::IsFragment(first));
  EXPECT_TRUE(Reassembly::IsFragment(last));
  EXPECT_FALSE(Reassembly::IsFragment(whole));
  EXPECT_FALSE(reassembly.Add(first).has_value());
  const auto packet = reassembly.Add(last);
  ASSERT_TRUE(packet.has_value());
  const auto parsed = lab::FromBytes(packet->whole);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->payload.size(), 2'000u);
  EXPECT_EQ(packet->fragments, (std::vector<Bytes>{first, last}));
}

TEST(ReassemblyTest, OrderDoesNotMatterAndPacketsAreKeptApart) {
  const Bytes one = Datagram(100, 1), other = Datagram(120, 2);
  Reassembly reassembly;
  EXPECT_FALSE(reassembly.Add(Piece(one, 64, 44)).has_value());
  EXPECT_FALSE(reassembly.Add(Piece(other, 0, 64)).has_value());
  const auto first = reassembly.Add(Piece(one, 0, 64));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(lab::FromBytes(first->whole)->payload.size(), 100u);
  const auto second = reassembly.Add(Piece(other, 64, 64));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(lab::FromBytes(second->whole)->payload.size(), 120u);
}

TEST(ReassemblyTest, WhatIsNoPieceIsDropped) {
  const Bytes whole = Datagram(100);
  Reassembly reassembly;
  Bytes with_options = Piece(whole, 0, 64);
  with_options[0] = 0x46;
  EXPECT_FALSE(reassembly.Add(with_options).has_value());
  Bytes cut = Piece(whole, 0, 64);
  cut.pop_back();
  EXPECT_FALSE(reassembly.Add(cut).has_value());
  Bytes beyond = Piece(whole, 64, 44);
  beyond[6] = 0x1f;
  beyond[7] = 0xff;
  EXPECT_FALSE(reassembly.Add(beyond).has_value());
}

TEST(ReassemblyTest, TheOldestOfManyIncompleteOnesIsForgotten) {
  Reassembly reassembly;
  for (uint16_t i = 0; i < 17; ++i) EXPECT_FALSE(reassembly.Add(Piece(Datagram(100, i), 0, 64)).has_value());
  EXPECT_FALSE(reassembly.Add(Piece(Datagram(100, 0), 64, 44)).has_value());
  EXPECT_TRUE(reassembly.Add(Piece(Datagram(100, 16), 64, 44)).has_value());
}

}  // namespace
}  // namespace real
