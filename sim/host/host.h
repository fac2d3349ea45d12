// A simulated host's kernel: it hands packets to connections, listeners and datagram sockets, and keeps the host's
// ports.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "lab/world/world.h"
#include "sim/host/flow.h"
#include "sim/host/network.h"
#include "sim/host/ports.h"
#include "sim/host/socket_options.h"
#include "sim/udp/errors.h"
#include "sim/udp/table.h"

namespace sim {

class ListenQueue;

class Host final : public Network::Port {
 public:
  // Joins the network, which must outlive it, as its next host. What a kernel draws at random (sequence numbers, the
  // first ephemeral port) follows from `seed`.
  Host(Engine& engine, Network& network, lab::Trace& trace, const lab::HostOptions& options, uint64_t seed);
  ~Host() override;

  HostId id() const { return id_; }
  const std::string& name() const { return network_.name(id_); }
  uint32_t address() const { return network_.address(id_); }
  lab::IpAddress address6() const { return lab::Ipv6AddressOf(id_); }
  const lab::Knobs& knobs() const { return knobs_; }
  Engine& engine() { return engine_; }
  Network& network() { return network_; }
  Ports& ports() { return ports_; }
  udp::Table& datagrams() { return datagrams_; }
  // What a connection's socket was set to last.
  SocketOptions& recent_options() { return recent_options_; }
  Time now() const { return engine_.now(); }

  // Whether packets for the address stay here.
  bool IsLocal(const lab::IpAddress& address) const {
    return address == this->address() || address == address6() || address.is_loopback();
  }
  // Whether the address stands for all hosts of the network 10.0.0.0/8, or of the loopback's.
  static bool IsBroadcast(const lab::IpAddress& address) {
    constexpr lab::IpAddress kNetwork(0x0affffff), kLoopback(0x7fffffff);
    return address == kNetwork || address == kLoopback;
  }
  // This host's address towards `remote`.
  lab::IpAddress SourceFor(const lab::IpAddress& remote) const {
    if (!remote.is_ipv4()) return remote.is_loopback() ? lab::kIpv6Loopback : address6();
    return remote.is_loopback() ? Network::kLoopback : address();
  }

  // The largest packet that leaves for the address whole.
  uint32_t mtu(const lab::IpAddress& to) const { return network_.mtu(id_, to); }
  // What the knobs and the way to `remote` make of a connection's options.
  tcp::Options OptionsFor(const lab::IpAddress& remote) const;
  uint32_t NextInitialSequence();

  // The connections. A flow must be the only one of its four-tuple.
  bool Has(const lab::Endpoint& local, const lab::Endpoint& remote) const;
  // Makes way for a connection between two ends that a process has chosen: what is left of one before, in TIME-WAIT for
  // instance, is forgotten, and the new one is to begin with `iss`. 0, or -EADDRNOTAVAIL.
  int MakeWay(const lab::Endpoint& local, const lab::Endpoint& remote, std::optional<uint32_t>& iss);
  void Add(FlowPtr flow);
  void Forget(Flow& flow);

  // The listeners; they leave before they are destroyed.
  void Add(ListenQueue& listener);
  void Remove(ListenQueue& listener);
  // The one that a SYN from `remote` to `local` would reach, or null. Where several share the port by SO_REUSEPORT it
  // follows from the two ends which of them that is.
  ListenQueue* FindListener(const lab::Endpoint& local, const lab::Endpoint& remote) const;
  bool Listening(uint16_t port) const;
  // Whether a socket listens, or a datagram socket has a port that its process chose.
  bool Serves() const { return !listeners_.empty() || datagrams_.HasChosenPort(); }

  void Deliver(const lab::Packet& packet) override;
  // Sends what stands in the network's next parcel.
  void TransmitNext() { network_.SendNext(id_); }
  void Transmit(lab::Packet&& packet);
  void Refuse(const lab::Packet& packet);
  // Sends the datagram in the network's next parcel. One to this host itself has arrived when this returns, and so has
  // the error that answers it.
  void SendNextDatagram();

  // A line in the run's trace.
  void Note(std::string text);

 private:
  // Connections by their two ends, which each has itself.
  struct Ends {
    const lab::Endpoint& local;
    const lab::Endpoint& remote;
  };
  static Ends EndsOf(const Ends& ends) { return ends; }
  static Ends EndsOf(const FlowPtr& flow) { return {flow->connection().local(), flow->connection().remote()}; }
  struct HashOfEnds {
    using is_transparent = void;
    size_t operator()(const auto& key) const {
      const Ends ends = EndsOf(key);
      return absl::HashOf(ends.local, ends.remote);
    }
  };
  struct SameEnds {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return EndsOf(a).local == EndsOf(b).local && EndsOf(a).remote == EndsOf(b).remote;
    }
  };

  void DeliverSegment(const lab::Packet& segment);
  void DeliverDatagram(const lab::Packet& packet);
  void DeliverError(const lab::Packet& icmp);
  // Tells the sender that nobody has the port.
  void RefuseDatagram(const lab::Packet& packet);

  Engine& engine_;
  Network& network_;
  lab::Trace& trace_;
  const lab::Knobs knobs_;
  const uint64_t seed_;
  const HostId id_;
  uint64_t sequences_ = 0;
  Ports ports_;
  udp::Table datagrams_;
  udp::ErrorLimit error_limit_;
  SocketOptions recent_options_;
  // Never iterated: its order is not repeatable.
  absl::flat_hash_set<FlowPtr, HashOfEnds, SameEnds> flows_;
  absl::flat_hash_map<lab::Endpoint, std::vector<ListenQueue*>> listeners_;
};

}  // namespace sim
