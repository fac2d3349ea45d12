// A network namespace for this process alone, with nothing but its loopback, and the kernel's view of the TCP
// connections in it.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace differential {

class KernelNetwork {
 public:
  // Puts this process, which must have one thread, into the namespace for good; the knobs are the simulated network's.
  // Unavailable: why that is not possible here, in one sentence.
  static absl::StatusOr<std::unique_ptr<KernelNetwork>> Enter();

  ~KernelNetwork();
  KernelNetwork(const KernelNetwork&) = delete;
  KernelNetwork& operator=(const KernelNetwork&) = delete;

  // Whether some connection has bytes to send that wait for an acknowledgement, rather than for space at the peer.
  bool InMotion();

  // Ends every connection that is left, with or without a process, also those in TIME-WAIT.
  void Clear();

 private:
  explicit KernelNetwork(int sock_diag) : sock_diag_(sock_diag) {}

  const int sock_diag_;
};

}  // namespace differential
