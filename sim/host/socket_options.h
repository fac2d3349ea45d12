// The options of a socket, as getsockopt and setsockopt know them.
//
// option_table.cc says of each its level, its name, what may be stored and what is read. What an option does is
// elsewhere: what belongs to a connection is told to it (stream_options.cc), the rest is asked for where it counts.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "sim/engine/virtual_clock.h"
#include "sim/host/ports.h"

namespace sim {

// What a socket is: SO_DOMAIN, SO_TYPE, SO_PROTOCOL.
struct SocketKind {
  int domain = AF_INET;
  int type = SOCK_STREAM;
  int protocol = IPPROTO_TCP;
};

// Everything that can be set, with Linux's defaults; in the units in which it is read.
struct OptionValues {
  // SOL_SOCKET
  Reuse reuse;
  bool keep_alive = false;
  bool broadcast = false;
  bool dont_route = false;
  bool no_check = false;
  bool oob_inline = false;
  bool timestamp = false;
  bool timestamp_ns = false;
  bool receive_overflow = false;
  uint8_t priority = 0;
  bool lingers = false;
  int linger_seconds = 0;
  // 0: not set. Otherwise doubled already, as Linux does for its bookkeeping.
  int send_buffer = 0;
  int receive_buffer = 0;
  int receive_low = 1;
  // 0: for ever.
  Duration send_timeout{0};
  Duration receive_timeout{0};
  bool bound_to_loopback = false;  // SO_BINDTODEVICE

  // IPPROTO_TCP
  bool no_delay = false;
  bool cork = false;
  bool quick_ack = true;
  bool reno = false;           // TCP_CONGESTION
  uint16_t max_segment = 0;    // 0: as the link has it
  uint16_t keep_idle = 7'200;  // seconds
  uint16_t keep_interval = 75;
  uint8_t keep_count = 9;
  uint8_t syn_count = 0;       // 0: the host's
  int16_t linger2 = 0;         // seconds; 0: the host's, -1: none
  uint8_t defer_accept = 0;    // in SYN-ACKs, where the program counts seconds
  uint32_t user_timeout_ms = 0;
  uint32_t not_sent_low = 0;
  int fast_open = 0;
  bool fast_open_connect = false;

  // IPPROTO_IP
  int16_t ttl = -1;            // -1: the host's
  uint8_t tos = 0;
  uint8_t least_ttl = 0;
  uint8_t mtu_discover = 1;    // IP_PMTUDISC_WANT
  bool receive_errors = false;
  bool receive_ttl = false;
  bool receive_tos = false;
  bool packet_info = false;
  bool free_bind = false;
  bool bind_without_port = false;
  bool multicast_loop = true;
  uint32_t local_ports = 0;    // the first, and the last in the upper half; 0: the host's

  // IPPROTO_IPV6
  bool ipv6_only = false;
  bool ipv6_packet_info = false;
  int16_t ipv6_hops = -1;      // -1: the host's

  // What local_ports leaves of the host's.
  PortRange LocalPorts() const;

  bool operator==(const OptionValues&) const = default;
};

// What a socket was set to. Copies share the values until one of them is set: sockets that a listener accepted have
// its values at no cost.
class SocketOptions {
 public:
  const OptionValues& operator*() const { return values_ != nullptr ? *values_ : kDefaults; }
  const OptionValues* operator->() const { return &**this; }
  // Whether nothing was ever set.
  bool untouched() const { return values_ == nullptr; }
  // The values, to be changed by somebody who knows what setsockopt would refuse.
  OptionValues& Change();
  // Has them in common with `recent`, where that has the same; otherwise `recent` has them from now on. So those of a
  // host that are set alike one after the other cost no more than one.
  void ShareWith(SocketOptions& recent);

  // 0, or a negative errno: -ENOPROTOOPT, -EINVAL (too short, or not a value that it can have), -EDOM (a timeout's
  // microseconds), -EPERM (only for the privileged), -EFAULT…
  int Set(const SocketKind& kind, int level, int option, const void* value, socklen_t length);
  // Stores as much as *length allows and sets it. 0, or a negative errno.
  int Get(const SocketKind& kind, int level, int option, void* value, socklen_t* length) const;

  // What an accepted socket has of its listener's: nearly all.
  SocketOptions Inherited() const;

 private:
  struct Shared : OptionValues, boost::intrusive_ref_counter<Shared, boost::thread_unsafe_counter> {};

  static const OptionValues kDefaults;
  boost::intrusive_ptr<Shared> values_;
};

// Where getsockopt stores: a value cut to *length, which is set. All give 0, -EFAULT or -EINVAL (a negative length).
class OptionRoom {
 public:
  OptionRoom(int level, void* value, socklen_t* length) : level_(level), value_(value), length_(length) {}

  int Store(const void* value, size_t size) const;
  // IPPROTO_IP stores a number that fits into a byte as one where there is no room for an int.
  int Store(int number) const;

 private:
  int level_;
  void* value_;
  socklen_t* length_;
};

}  // namespace sim
