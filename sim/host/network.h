// What joins the hosts of a world: links, faults, names, and the trace of every packet.
//
// Packets are judged when they are sent: first by the rules, then by the link between the two hosts. What a host sends
// to itself goes over its loopback, which no rule and no link of the world concerns, and which is not traced: as on
// the kernel's network, where the lab sees only what leaves a host.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "lab/trace/trace.h"
#include "lab/wire/link.h"
#include "lab/wire/packet.h"
#include "lab/wire/rule.h"
#include "sim/engine/engine.h"

namespace sim {

using lab::HostId;

class Network {
 public:
  // A host's side of it.
  class Port {
   public:
    virtual ~Port() = default;
    virtual void Deliver(const lab::Packet& packet) = 0;
  };

  static constexpr uint32_t kLoopback = 0x7f000001;  // 127.0.0.1

  // Both must outlive it.
  Network(Engine& engine, lab::Trace& trace);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // `port` must outlive the network's last step. The address follows from the order: 10.0.0.1 is the first.
  HostId Add(std::string name, Port& port);
  uint32_t address(HostId host) const { return hosts_[static_cast<size_t>(host)].address; }
  const std::string& name(HostId host) const { return hosts_[static_cast<size_t>(host)].name; }
  // The address of the host of that name, or of ip6-NAME; nothing where there is none.
  std::optional<lab::IpAddress> Resolve(std::string_view name) const;

  void SetLink(HostId a, HostId b, const lab::LinkOptions& options);
  void AddRule(lab::Rule rule) { rules_.Add(std::move(rule)); }

  // The largest packet between the host and the address.
  uint32_t mtu(HostId from, const lab::IpAddress& to) const;
  // Whether packets to that address have a way at all: it is a host's own, or in 10.0.0.0/8 or fd00::/64.
  static bool Routable(const lab::IpAddress& address);

  // A packet, made where it will travel: nothing is allocated or copied on its way. Used again once it has arrived.
  class Parcel final : public Event {
   public:
    explicit Parcel(Network& network) : network_(network) {}
    lab::Packet packet;

   private:
    friend class Network;
    void OnTime() override;

    Network& network_;
    Parcel* next_free_ = nullptr;
    HostId to_ = -1;
  };

  // The parcel to be filled and then sent by SendNext or DeliverNext, with whatever it held last; nothing else may be
  // sent or delivered between.
  Parcel& NextParcel() { return free_ != nullptr ? *free_ : MakeParcel(); }
  // Sends the next parcel.
  void SendNext(HostId from);
  // Delivers it now, without a way.
  void DeliverNext(Port& port);

 private:
  struct Joined {
    std::string name;
    uint32_t address;
    Port* port;
    lab::Link loopback;
    HostId last_to = -1;  // where it sent last, over
    lab::Link* last_link = nullptr;
  };
  // What becomes of a packet, for the trace.
  struct Course {
    using Fate = lab::PacketEvent::Fate;
    Time sent;
    Time arrives;
    HostId from;
    HostId to;
    Fate fate = Fate::kDelivered;
    bool arrived = true;
    std::string_view cause;
  };

  HostId Find(const lab::IpAddress& address) const;
  lab::Link& LinkBetween(HostId from, HostId to);
  // The next parcel is the caller's now, which launches it or gives it back.
  Parcel& TakeNext();
  void GiveBack(Parcel& parcel);
  Parcel& MakeParcel();
  // Asks the link, and lets the packet go as that and the rules say.
  void SendOver(lab::Link& link, Parcel& parcel, Course& course, const lab::Rules::Judgement& judgement);
  void SendResets(const Course& ruled, const lab::Packet& packet);
  void Launch(Parcel& parcel, const Course& course);
  void LaunchCopy(const lab::Packet& packet, const Course& course);
  void Record(const Course& course, const lab::Packet& packet) {
    if (trace_.on()) AddToTrace(course, packet);
  }
  void AddToTrace(const Course& course, const lab::Packet& packet);

  Engine& engine_;
  lab::Trace& trace_;
  std::vector<Joined> hosts_;
  // By both ids; made when the first packet wants it. Never iterated: its order is not repeatable.
  absl::node_hash_map<uint64_t, lab::Link> links_;
  lab::Rules rules_;
  std::vector<std::unique_ptr<Parcel>> parcels_;
  Parcel* free_ = nullptr;
};

}  // namespace sim
