#include "lab/trace/trace.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/wire/icmp.h"

namespace lab {
namespace {

constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // odd, so that no step of the hash loses anything

// Tell events of different kinds apart.
enum Mark : uint64_t { kPacketMark = 1, kCallMark, kNoteMark };

}  // namespace

HostId Trace::AddHost(std::string name, const IpAddress& address, const IpAddress& address6) {
  hosts_.push_back({std::move(name), address, address6});
  return static_cast<HostId>(hosts_.size()) - 1;
}

ProcessId Trace::AddProcess(std::string name, HostId host) {
  processes_.push_back({std::move(name), host});
  return static_cast<ProcessId>(processes_.size()) - 1;
}

void Trace::Add(PacketEvent event) {
  Mix(kPacketMark);
  Mix(static_cast<uint64_t>(event.sent.count()));
  Mix(static_cast<uint64_t>(event.arrives.count()));
  Mix(static_cast<uint64_t>(event.from));
  Mix(static_cast<uint64_t>(event.to));
  Mix(static_cast<uint64_t>(event.fate) << 1 | (event.arrived ? 1 : 0));
  Mix(event.cause);
  Mix(event.packet);
  KeepBytes(event);
  events_.Add(std::move(event));
}

void Trace::Add(const CallEvent& event) {
  const duet_ledger_entry& entry = event.entry;
  Mix(kCallMark);
  Mix(static_cast<uint64_t>(event.process));
  Mix(entry.call);
  Mix(static_cast<uint64_t>(entry.begin_ns));
  Mix(static_cast<uint64_t>(entry.end_ns));
  Mix(static_cast<uint64_t>(entry.result));
  for (const int64_t argument : entry.arguments) Mix(static_cast<uint64_t>(argument));
  Mix(static_cast<uint64_t>(entry.error));
  Mix(EndpointOf(entry));
  const size_t data_length = std::min<size_t>(entry.data_length, DUET_LEDGER_DATA);
  Mix(std::string_view(reinterpret_cast<const char*>(entry.data), data_length));
  events_.Add(event);
}

void Trace::Add(NoteEvent event) {
  Mix(kNoteMark);
  Mix(static_cast<uint64_t>(event.time.count()));
  Mix(static_cast<uint64_t>(event.host));
  Mix(static_cast<uint64_t>(event.process));
  Mix(event.text);
  events_.Add(std::move(event));
}

void Trace::KeepBytes(PacketEvent& event) {
  constexpr size_t kLargestPacket = 65'535;
  const size_t length = event.packet.payload.size();
  if (bytes_kept_ + length <= kMostBytes || length > kLargestPacket) {
    bytes_kept_ += length;
    return;
  }
  if (zeros_.empty()) zeros_ = Payload::Copy(std::string(kLargestPacket, '\0'));
  event.packet.payload = zeros_.Slice(0, length);
  event.bytes_kept = false;
}

// A word at a time: a run mixes thousands of events, and byte by byte costs ten times as much.
void Trace::Mix(uint64_t value) {
  hash_ = (hash_ ^ value) * kMultiplier;
  hash_ ^= hash_ >> 32;
}

void Trace::Mix(std::string_view text) {
  Mix(text.size());
  for (size_t i = 0; i < text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, std::min<size_t>(8, text.size() - i));
    Mix(word);
  }
}

void Trace::Mix(const Endpoint& endpoint) {
  const IpAddress& address = endpoint.address;
  if (!address.is_ipv4()) {
    Mix(uint64_t{address.words()[0]} << 32 | address.words()[1]);
    Mix(address.words()[2]);
  }
  Mix(uint64_t{address.ipv4()} << 16 | endpoint.port);
}

void Trace::Mix(const Packet& packet) {
  Mix(packet.source);
  Mix(packet.destination);
  if (packet.hops != Packet::kUsualHops || packet.type_of_service != 0) {
    Mix(uint64_t{packet.hops} << 8 | packet.type_of_service);
  }
  if (packet.is_tcp()) {
    Mix(packet.tcp);
  } else {
    Mix(static_cast<uint64_t>(packet.protocol));
    Mix(uint64_t{packet.icmp.type} << 40 | uint64_t{packet.icmp.code} << 32 | packet.icmp.rest);
  }
  Mix(packet.payload.size());
}

void Trace::Mix(const TcpHeader& tcp) {
  Mix(uint64_t{tcp.seq} << 32 | tcp.ack);
  Mix(uint64_t{tcp.window} << 32 | uint64_t{tcp.urgent} << 8 | uint64_t{tcp.syn} | uint64_t{tcp.ack_flag} << 1 |
      uint64_t{tcp.fin} << 2 | uint64_t{tcp.rst} << 3 | uint64_t{tcp.psh} << 4 | uint64_t{tcp.urg} << 5);
  Mix(uint64_t{tcp.mss.value_or(0)} << 32 | uint64_t{tcp.window_scale.value_or(0)} << 8 |
      uint64_t{tcp.mss.has_value()} | uint64_t{tcp.window_scale.has_value()} << 1 |
      uint64_t{tcp.sack_permitted} << 2 | uint64_t{tcp.timestamps.has_value()} << 3);
  if (tcp.timestamps) Mix(uint64_t{tcp.timestamps->value} << 32 | tcp.timestamps->echo);
  Mix(tcp.sack.size());
  for (const SackBlock& block : tcp.sack) Mix(uint64_t{block.begin} << 32 | block.end);
}

std::string Trace::NameOf(const Endpoint& endpoint) const {
  for (const Host& host : hosts_) {
    if (host.address == endpoint.address) return absl::StrCat(host.name, ":", endpoint.port);
    if (host.address6 == endpoint.address && !host.address6.is_any()) {
      return absl::StrCat("ip6-", host.name, ":", endpoint.port);
    }
  }
  return ToString(endpoint);
}

std::string Describe(const Packet& packet) {
  if (packet.protocol == Protocol::kIcmp) return absl::StrCat("ICMP ", DescribeIcmp(packet));
  const size_t length = packet.payload.size();
  const std::string bytes = absl::StrCat(length, length == 1 ? " byte" : " bytes");
  if (packet.protocol == Protocol::kUdp) return absl::StrCat("UDP ", bytes);
  std::vector<std::string> parts;
  const TcpHeader& tcp = packet.tcp;
  if (tcp.syn) parts.push_back("SYN");
  if (length > 0) parts.push_back(bytes);
  if (tcp.fin) parts.push_back("FIN");
  if (tcp.rst) parts.push_back("RST");
  // Every segment but the first carries an ACK; it is worth a word where it is the point.
  if (tcp.ack_flag && (parts.empty() || tcp.syn)) parts.push_back("ACK");
  return parts.empty() ? "no flags" : absl::StrJoin(parts, ", ");
}

}  // namespace lab
