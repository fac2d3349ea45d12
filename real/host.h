// A host of the real world: network and host name namespaces of its own, with a TUN device as its only way out.
//
// What the host sends can be read from tun(), a packet a read; a packet written there arrives at the host. The
// namespaces live until the Host and every process in them are gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/sockets/unique_fd.h"
#include "lab/world/world.h"
#include "real/addresses.h"

namespace real {

using lab::UniqueFd;

class Host {
 public:
  // Needs EnterNamespaces before. Unavailable: a sentence that says what to enable. InvalidArgument: a name or a knob
  // that this kernel does not take.
  static absl::StatusOr<std::unique_ptr<Host>> Create(const std::string& name, const Addresses& addresses,
                                                      const lab::Knobs& knobs);

  // Nonblocking.
  int tun() const { return tun_.get(); }

  // Moves the calling process into the host, for good. Returns 0, or -1 with errno.
  int Enter() const;

  // Whether a TCP socket listens on the port, by any of the host's addresses.
  bool Listening(uint16_t port) const;
  // Whether a UDP socket is bound to it.
  bool Bound(uint16_t port) const;
  // Whether a TCP socket listens on any port, or a UDP socket has one that was chosen for it. Up to 10 ms old: a run
  // asks a thousand times a second, and the kernel goes through all of its sockets for each answer.
  bool Serves();
  // What it said counts no longer: another process begins.
  void ForgetServing() { serves_until_ = {}; }

  // Keeps the host's packets to `destination` at or below `mtu` bytes; IPv6 needs at least 1,280.
  absl::Status SetMtu(const Addresses& destination, uint32_t mtu);

 private:
  explicit Host(const Addresses& addresses) : addresses_(addresses) {}
  absl::Status Prepare(const std::string& name, const lab::Knobs& knobs);
  absl::Status AddTun();

  Addresses addresses_;
  bool has_ipv6_ = false;
  int tun_index_ = 0;
  UniqueFd tun_;
  UniqueFd network_;  // the namespaces
  UniqueFd names_;
  UniqueFd sock_diag_;  // netlink sockets into the network namespace
  UniqueFd route_;
  bool serves_ = false;
  std::chrono::steady_clock::time_point serves_until_{};  // for how long that counts
};

}  // namespace real
