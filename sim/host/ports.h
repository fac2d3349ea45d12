// Which local ports of a host are taken, and by whom: Linux's rules (inet_csk_get_port).
#pragma once

#include <cstdint>
#include <functional>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "absl/container/flat_hash_map.h"
#include "lab/sockets/ip_address.h"

namespace sim {

class Ports;

// SO_REUSEADDR and SO_REUSEPORT. Two sockets share a port where both have set the same one of them; listeners share
// it only by the second.
struct Reuse {
  bool address = false;
  bool port = false;

  bool operator==(const Reuse&) const = default;
};

// A bound socket's claim on a local port. Given up when it is destroyed, which must be before its Ports are.
class PortClaim {
 public:
  PortClaim() = default;
  ~PortClaim() { Release(); }
  PortClaim(const PortClaim&) = delete;
  PortClaim& operator=(const PortClaim&) = delete;

  void Release();
  // A held claim stands for this address from now on: what a connection leaves of all addresses, and back again.
  void StandFor(const lab::IpAddress& address) { address_ = address; }

  bool held() const { return ports_ != nullptr; }
  const lab::IpAddress& address() const { return address_; }
  uint16_t port() const { return port_; }

  Reuse reuse;
  bool ipv6_only = false;  // :: does not stand for IPv4's addresses too
  bool listening = false;

 private:
  friend class Ports;
  bool by_connect_ = false;
  bool of_connections_ = false;  // it is a SharedClaim
  uint16_t port_ = 0;
  lab::IpAddress address_;
  Ports* ports_ = nullptr;
  PortClaim* previous_ = nullptr;
  PortClaim* next_ = nullptr;
};

// What all connections have in common that claim a port of one address alike, in TIME-WAIT too: as Linux's
// inet_bind2_bucket. Given up with the last of them.
class SharedClaim final : public boost::intrusive_ref_counter<SharedClaim, boost::thread_unsafe_counter>,
                          private PortClaim {
 private:
  friend class Ports;
};
using SharedClaimPtr = boost::intrusive_ptr<SharedClaim>;

// net.ipv4.ip_local_port_range, or what a socket's IP_LOCAL_PORT_RANGE leaves of it.
struct PortRange {
  uint16_t first = 32'768;
  uint16_t last = 60'999;

  bool Has(uint16_t port) const { return first <= port && port <= last; }
};

class Ports {
 public:
  static constexpr uint16_t kFirstEphemeral = PortRange{}.first;
  static constexpr uint16_t kLastEphemeral = PortRange{}.last;

  // `start` decides where the search for free ports begins.
  explicit Ports(uint32_t start) : next_(start % kEphemeralCount) {}
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  // bind: claims the port on `address` (0.0.0.0: all of IPv4, ::: all of both); port 0 takes one of `range` that nobody
  // has. 0, or -EADDRINUSE.
  int Bind(PortClaim& claim, const lab::IpAddress& address, uint16_t port, PortRange range = {});
  // listen: whether a claim that was bound may listen. 0, or -EADDRINUSE.
  int Listen(PortClaim& claim);
  // connect without bind: claims a port of `range` that nobody has bound and for which `unused` holds (whether the
  // connection would be the only one of its four-tuple). 0, or -EADDRNOTAVAIL.
  int Connect(PortClaim& claim, const lab::IpAddress& address, PortRange range,
              const std::function<bool(uint16_t)>& unused);
  // The claim of a connection, beside that of the socket that it came from.
  SharedClaimPtr Share(const lab::Endpoint& local, Reuse reuse, bool by_connect);
  // The same with another Reuse.
  SharedClaimPtr ShareAnew(const SharedClaim& claim, Reuse reuse) {
    return Share({claim.address_, claim.port_}, reuse, claim.by_connect_);
  }

 private:
  friend class PortClaim;
  static constexpr uint32_t kEphemeralCount = kLastEphemeral - kFirstEphemeral + 1;

  enum class Purpose { kAnyPort, kBind, kListen };

  // Whether another claim on the port forbids `claim`. Where any port would do Reuse excuses nothing.
  bool Conflicts(const PortClaim& claim, const lab::IpAddress& address, uint16_t port, Purpose purpose) const;
  bool Bound(uint16_t port) const;
  void Add(PortClaim& claim, const lab::IpAddress& address, uint16_t port);
  uint16_t NextEphemeral();

  absl::flat_hash_map<uint16_t, PortClaim*> first_;  // never iterated: its order is not repeatable
  uint32_t next_;
};

}  // namespace sim
