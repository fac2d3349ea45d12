#include "exercises/seen.h"

#include <algorithm>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "exercises/peer.h"

namespace lab::exercises {
namespace {

constexpr size_t kMostQuoted = 40;

// Calls `look` with every packet from one host to the other, in order.
template <typename Look>
void ForEachPacket(World& world, HostId from, HostId to, Look look) {
  for (const Event& event : world.trace().events()) {
    const auto* sent = std::get_if<PacketEvent>(&event);
    if (sent != nullptr && sent->from == from && sent->to == to) look(*sent);
  }
}

}  // namespace

Seen SeenBy(const Outcome& outcome) {
  Seen seen;
  for (const auto& [key, value] : outcome.reports) {
    if (key == "connected") seen.connected = true;
    if (key == "failed") seen.failure = value;
    if (key == "received") seen.bytes += value;
    if (key == "end") seen.end = value;
  }
  return seen;
}

std::string Account(const Seen& seen, const std::string& wanted) {
  if (!seen.connected) {
    return seen.failure.empty() ? "is still trying to connect" : "could not connect: " + seen.failure;
  }
  return absl::StrCat(Compare("read", seen.bytes, wanted), ", then ",
                      seen.end.empty() ? "waited in vain for more" : seen.end);
}

std::string Compare(const std::string& verb, const std::string& bytes, const std::string& wanted) {
  if (bytes == wanted) return absl::StrCat(verb, " all ", wanted.size(), " bytes");
  if (bytes.empty()) return absl::StrCat(verb, " nothing");
  if (wanted.compare(0, bytes.size(), bytes) == 0) {
    return absl::StrCat(verb, " ", bytes.size(), " of the ", wanted.size(), " bytes");
  }
  const size_t same = static_cast<size_t>(
      std::mismatch(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()).first - bytes.begin());
  std::string count = absl::StrCat(bytes.size(), " bytes");
  if (bytes.size() != wanted.size()) absl::StrAppend(&count, " instead of ", wanted.size());
  if (same == wanted.size()) {
    return absl::StrCat(verb, " ", count, ": after the right ones comes ", Quote(bytes.substr(same)));
  }
  return absl::StrCat(verb, " ", count, ", wrong from byte ", same + 1, " on: ", Quote(bytes.substr(same)));
}

std::string Quote(const std::string& bytes) {
  std::string quoted = absl::CEscape(bytes.substr(0, kMostQuoted));
  return absl::StrCat("`", quoted, bytes.size() > kMostQuoted ? "…" : "", "`");
}

int SynsSent(World& world, HostId from, HostId to) {
  int syns = 0;
  ForEachPacket(world, from, to, [&](const PacketEvent& sent) {
    if (sent.packet.tcp.syn && !sent.packet.tcp.ack_flag) ++syns;
  });
  return syns;
}

bool Arrived(World& world, HostId from, HostId to, const std::function<bool(const TcpHeader&)>& matches) {
  bool arrived = false;
  const Time now = world.now();
  ForEachPacket(world, from, to, [&](const PacketEvent& sent) {
    if (sent.arrived && sent.arrives <= now && matches(sent.packet.tcp)) arrived = true;
  });
  return arrived;
}

}  // namespace lab::exercises
