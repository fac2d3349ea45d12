// What a ladder writes on a packet's arrow: Describe's words, and what only the packets before and after it tell.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lab/trace/trace.h"

namespace lab {

// "again" and "(probe)" where nothing new is sent, "window 0", the client's port where hosts have several
// connections, and relative sequence numbers on a connection that lost or repeated something: they help there.
class PacketLabels {
 public:
  explicit PacketLabels(const Trace& trace);

  // For each packet of the trace in turn.
  std::string Next(const PacketEvent& event);

 private:
  using Flow = std::pair<Endpoint, Endpoint>;  // from, to
  using Pair = std::pair<HostId, HostId>;      // the smaller first

  struct Words {
    bool again = false;         // nothing in it that was not sent before
    uint32_t relative_seq = 0;  // counted from its direction's SYN
    uint32_t relative_ack = 0;
  };
  struct Direction {
    bool seen = false;
    uint32_t isn = 0;
    uint32_t end = 0;  // of what was sent so far
  };

  static Flow ConnectionOf(const Packet& packet) { return std::minmax(packet.source, packet.destination); }
  static Pair HostsOf(const PacketEvent& event) { return std::minmax(event.from, event.to); }
  Words Follow(const PacketEvent& event);
  uint16_t ClientPort(const Packet& packet) const;

  std::map<Flow, Direction> directions_;
  std::set<Flow> clients_;   // from who began
  std::set<Flow> troubled_;  // connections that lost or repeated something
  std::map<Pair, std::set<Flow>> connections_;
  std::vector<Words> words_;
  size_t next_ = 0;
};

}  // namespace lab
