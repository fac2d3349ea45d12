// Moves the packets between the hosts of a real world: the links, the rules and the capture of the simulation, between
// TUN devices.
//
// What is TCP, UDP or ICMP is judged by the rules and traced; other IPv4 (what does not parse) takes the links alone.
// Bytes are passed on as they came. A datagram that its host has cut into fragments is judged and traced whole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "lab/choice/choices.h"
#include "lab/trace/trace.h"
#include "lab/wire/link.h"
#include "lab/wire/packet.h"
#include "lab/wire/rule.h"
#include "real/addresses.h"
#include "real/reassembly.h"

namespace real {

class Switch {
 public:
  // `trace` must outlive it.
  Switch(lab::Choices choices, lab::Trace& trace) : choices_(std::move(choices)), trace_(trace) {}

  // Hosts are numbered as they are added. `tun` must stay open.
  void AddHost(const Addresses& addresses, int tun);
  // Both directions; returns what was set before.
  lab::LinkOptions SetLink(lab::HostId a, lab::HostId b, const lab::LinkOptions& options);
  void AddRule(lab::Rule rule) { rules_.Add(std::move(rule)); }

  // Takes what the host has sent, a bounded number of packets. Never blocks.
  void Collect(lab::HostId from, lab::Time now);
  // Gives the hosts the packets whose time has come.
  void Deliver(lab::Time now);
  // When the next of them comes.
  std::optional<lab::Time> NextArrival() const;

 private:
  using Bytes = std::vector<uint8_t>;
  struct Port {
    int tun;
    Reassembly reassembly;
  };
  struct Parcel {
    lab::HostId to;
    Bytes bytes;
  };

  void Take(lab::HostId from, const uint8_t* bytes, size_t length, lab::Time now);
  // `pieces`: the packet, or its fragments.
  void Judge(lab::HostId from, lab::HostId to, lab::Packet packet, std::vector<Bytes> pieces, lab::Time now);
  // Sends each over the link, and gives what became of all of them together.
  lab::Passage SendPieces(std::vector<Bytes> pieces, int copies, lab::Duration delay, const lab::PacketEvent& event);
  void SendReset(const lab::Packet& reset, const std::string& cause, lab::Time now);
  lab::Link& LinkOf(lab::HostId from, lab::HostId to);
  lab::HostId HostOf(const lab::IpAddress& address) const;  // -1: nobody
  // What the link lets through, and that much later.
  void Pass(lab::HostId to, const lab::Passage& passage, lab::Duration delay, Bytes bytes);
  void Queue(lab::HostId to, lab::Time arrives, Bytes bytes);

  lab::Choices choices_;
  lab::Trace& trace_;
  lab::Rules rules_;
  std::vector<Port> ports_;
  std::map<lab::IpAddress, lab::HostId> by_address_;
  std::map<std::pair<lab::HostId, lab::HostId>, lab::Link> links_;
  std::multimap<lab::Time, Parcel> queue_;  // equal times in the order of sending
};

}  // namespace real
