#include "lab/trace/trace.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/wire/icmp.h"

namespace lab {
namespace {

// Tell events of different kinds apart.
enum Mark : uint64_t { kPacketMark = 1, kCallMark, kNoteMark };

uint64_t Word(int64_t value) { return static_cast<uint64_t>(value); }
uint64_t Word(Time time) { return Word(time.count()); }
uint64_t Pair(auto high, auto low) { return static_cast<uint64_t>(high) << 32 | static_cast<uint32_t>(low); }

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
  const Packet& packet = event.packet;
  const uint64_t kind = kPacketMark << 56 | static_cast<uint64_t>(event.fate) << 48 | uint64_t{event.arrived} << 40 |
                        static_cast<uint64_t>(packet.protocol) << 32 | uint64_t{packet.hops} << 8 |
                        packet.type_of_service;
  const auto& [source, destination] = std::tie(packet.source.address.words(), packet.destination.address.words());
  digest_.Add({kind, Pair(event.from, event.to), Word(event.sent), Word(event.arrives), Pair(source[0], source[1]),
               Pair(source[2], source[3]), Pair(destination[0], destination[1]), Pair(destination[2], destination[3]),
               Pair(packet.source.port, packet.destination.port),
               Pair(packet.payload.size(), event.cause.size())});
  if (packet.is_tcp()) {
    Mix(packet.tcp);
  } else if (packet.protocol == Protocol::kIcmp) {
    digest_.Add({Pair(uint64_t{packet.icmp.type} << 8 | packet.icmp.code, packet.icmp.rest)});
  }
  if (!event.cause.empty()) digest_.Add(event.cause);
  KeepBytes(event);
  events_.Emplace<PacketEvent>(std::move(event));
}

void Trace::Add(ProcessId process, const duet_ledger_entry& entry) {
  uint64_t address[2];
  uint64_t data[DUET_LEDGER_DATA / 8] = {};
  const uint64_t data_length = std::min<uint64_t>(entry.data_length, DUET_LEDGER_DATA);
  std::memcpy(address, entry.address, sizeof address);
  std::memcpy(data, entry.data, data_length);
  static_assert(sizeof duet_ledger_entry::address == sizeof address && sizeof data == 6 * sizeof(uint64_t) &&
                sizeof duet_ledger_entry::arguments == 4 * sizeof(int64_t));
  digest_.Add({kCallMark << 56 | entry.call, Pair(process, entry.error), Word(entry.begin_ns), Word(entry.end_ns),
               Word(entry.result), Word(entry.arguments[0]), Word(entry.arguments[1]), Word(entry.arguments[2]),
               Word(entry.arguments[3]), address[0], address[1], Pair(entry.port, data_length), data[0], data[1],
               data[2], data[3], data[4], data[5]});
  events_.Emplace<CallEvent>(process, entry);
}

void Trace::Add(NoteEvent event) {
  digest_.Add({kNoteMark << 56, Word(event.time), Pair(event.host, event.process)});
  digest_.Add(event.text);
  events_.Emplace<NoteEvent>(std::move(event));
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

void Trace::Mix(const TcpHeader& tcp) {
  const uint64_t flags = uint64_t{tcp.syn} | uint64_t{tcp.ack_flag} << 1 | uint64_t{tcp.fin} << 2 |
                         uint64_t{tcp.rst} << 3 | uint64_t{tcp.psh} << 4 | uint64_t{tcp.urg} << 5 |
                         uint64_t{tcp.sack_permitted} << 6 | uint64_t{tcp.mss.has_value()} << 7 |
                         uint64_t{tcp.window_scale.has_value()} << 8 | uint64_t{tcp.timestamps.has_value()} << 9;
  const TcpHeader::Timestamps timestamps = tcp.timestamps.value_or(TcpHeader::Timestamps{});
  digest_.Add({Pair(tcp.seq, tcp.ack), Pair(tcp.window, tcp.urgent), flags << 8 | tcp.sack.size(),
               Pair(tcp.mss.value_or(0), tcp.window_scale.value_or(0)), Pair(timestamps.value, timestamps.echo)});
  for (const SackBlock& block : tcp.sack) digest_.Add({Pair(block.begin, block.end)});
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
