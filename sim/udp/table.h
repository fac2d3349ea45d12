// The datagram sockets of a host by their ports: which may be bound beside which, and which one a packet is for.
// Linux's rules (udp_lib_get_port, udp4_lib_lookup).
//
// A packet goes to a socket connected to its sender; else to one bound to the address that it came to; else to one
// bound to every address. Of several alike, the one that came there last; but those with SO_REUSEPORT share what comes.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "lab/wire/icmp.h"
#include "lab/wire/packet.h"

namespace sim::udp {

class Table;

// A socket's place in its host's table. Leaves it when it is destroyed, which must be before the table is.
class Binding {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnDatagram(const lab::Packet& packet) = 0;
    // ICMP says that what was sent to `quoted.destination` did not arrive.
    virtual void OnError(const lab::Packet& icmp, const lab::Quoted& quoted) = 0;
  };

  explicit Binding(Owner& owner) : owner_(owner) {}
  ~Binding() { Release(); }
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;

  void Release();
  bool held() const { return table_ != nullptr; }
  // Address 0: every address.
  const lab::Endpoint& local() const { return local_; }
  // Where it is connected.
  bool connected() const { return connected_; }
  const lab::Endpoint& remote() const { return remote_; }
  Owner& owner() const { return owner_; }

  // Only packets from `remote` to `address` reach it from now on.
  void Connect(const lab::IpAddress& address, const lab::Endpoint& remote);
  // Packets from everywhere to `address` do.
  void Disconnect(const lab::IpAddress& address);

  bool reuse_address = false;
  bool reuse_port = false;
  bool ipv6_only = false;  // :: does not stand for IPv4's addresses too

 private:
  friend class Table;
  void MoveTo(const lab::IpAddress& address);

  Owner& owner_;
  Table* table_ = nullptr;
  lab::Endpoint local_;
  lab::Endpoint remote_;
  bool connected_ = false;
  uint64_t joined_ = 0;  // when it came to its address: higher is later
};

class Table {
 public:
  // net.ipv4.ip_local_port_range.
  static constexpr uint16_t kFirstEphemeral = 32'768;
  static constexpr uint16_t kLastEphemeral = 60'999;

  // `start` decides where the search for free ports begins, and how SO_REUSEPORT spreads.
  explicit Table(uint64_t start) : start_(start), next_(static_cast<uint32_t>(start % kEphemeralCount)) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // Claims the port on `local.address`; port 0 takes one that nobody has. 0, or -EADDRINUSE.
  int Bind(Binding& binding, const lab::Endpoint& local);
  // Whom a packet from `source` to `destination` reaches, or null.
  Binding* Find(const lab::Endpoint& destination, const lab::Endpoint& source) const;
  // Everybody whom a broadcast reaches, in the order in which they bound.
  std::vector<Binding*> FindAll(const lab::Endpoint& destination, const lab::Endpoint& source) const;
  // Whether a socket is bound to the port on any address.
  bool Bound(uint16_t port) const { return ports_.contains(port); }
  // Whether one is bound to a port below those that the kernel gives to who asks for none.
  bool HasChosenPort() const;

 private:
  friend class Binding;
  static constexpr uint32_t kEphemeralCount = kLastEphemeral - kFirstEphemeral + 1;
  using Bindings = std::vector<Binding*>;  // in the order in which they bound

  bool Conflicts(const Binding& binding, const lab::Endpoint& local) const;
  void Add(Binding& binding, const lab::Endpoint& local);
  void Remove(Binding& binding);
  Binding* Share(const Bindings& bindings, Binding& found, const lab::Endpoint& destination,
                 const lab::Endpoint& source) const;

  const uint64_t start_;
  uint32_t next_;
  uint64_t joins_ = 0;
  absl::flat_hash_map<uint16_t, Bindings> ports_;  // its order is not repeatable: nothing that is seen follows from it
};

}  // namespace sim::udp
