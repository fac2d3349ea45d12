#include "real/reassembly.h"

#include <algorithm>
#include <utility>

namespace real {
namespace {

constexpr size_t kIpHeader = 20;
constexpr size_t kLargestPacket = 65'535;
constexpr size_t kMostPartials = 16;

size_t U16At(std::span<const uint8_t> bytes, size_t at) { return size_t{bytes[at]} << 8 | bytes[at + 1]; }

void StoreU16(Reassembly::Bytes& bytes, size_t at, size_t value) {
  bytes[at] = static_cast<uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<uint8_t>(value);
}

// Says in the IPv4 header that the packet is whole.
void CompleteHeader(Reassembly::Bytes& packet) {
  StoreU16(packet, 2, packet.size());
  StoreU16(packet, 6, 0);
  StoreU16(packet, 10, 0);
  size_t sum = 0;
  for (size_t i = 0; i < kIpHeader; i += 2) sum += U16At(packet, i);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  StoreU16(packet, 10, ~sum & 0xffff);
}

}  // namespace

bool Reassembly::IsFragment(std::span<const uint8_t> bytes) {
  return bytes[0] >> 4 == 4 && (U16At(bytes, 6) & 0x3fff) != 0;
}

std::optional<Reassembly::Packet> Reassembly::Add(std::span<const uint8_t> fragment) {
  // A kernel's fragments have no options, and say how long they are.
  if (fragment[0] != 0x45 || U16At(fragment, 2) != fragment.size()) return std::nullopt;
  const size_t offset = 8 * (U16At(fragment, 6) & 0x1fff);
  const size_t length = fragment.size() - kIpHeader;
  const bool more = (fragment[6] & 0x20) != 0;
  if (kIpHeader + offset + length > kLargestPacket) return std::nullopt;

  Bytes key(fragment.begin() + 12, fragment.begin() + 20);
  key.insert(key.end(), {fragment[9], fragment[4], fragment[5]});
  auto partial = std::find_if(partials_.begin(), partials_.end(), [&](const Partial& p) { return p.key == key; });
  if (partial == partials_.end()) {
    if (partials_.size() == kMostPartials) partials_.pop_front();
    partial = partials_.insert(partials_.end(), Partial{std::move(key), {}, 0, 0});
    partial->packet.whole.assign(fragment.begin(), fragment.begin() + kIpHeader);
  }
  Packet& packet = partial->packet;
  packet.fragments.emplace_back(fragment.begin(), fragment.end());
  packet.whole.resize(std::max(packet.whole.size(), kIpHeader + offset + length));
  const auto at = packet.whole.begin() + static_cast<std::ptrdiff_t>(kIpHeader + offset);
  std::copy(fragment.begin() + kIpHeader, fragment.end(), at);
  partial->received += length;
  if (!more) partial->total = offset + length;
  if (partial->total == 0 || partial->received < partial->total) return std::nullopt;
  Packet complete = std::move(packet);
  partials_.erase(partial);
  CompleteHeader(complete.whole);
  return complete;
}

}  // namespace real
