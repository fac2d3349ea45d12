// The namespaces in which a worker process keeps its real worlds, apart from the machine's network, mounts and names.
//
// As an ordinary user this takes a user namespace, in which the worker's user and group keep their numbers. Root needs
// none (and may be in a chroot, where the kernel allows none).
#pragma once

#include "absl/status/status.h"

namespace real {

// Puts this process into namespaces of its own for good: no network but the worlds', and mounts that the machine does
// not see. Also ignores SIGPIPE from here on. Must be called before the first RealWorld, while the process has one
// thread; later calls return what the first one did. Unavailable: why that is not possible here and what to enable, in
// one sentence.
absl::Status EnterNamespaces();

// Whether a world with a host can be made on this machine: OK, or Unavailable with the sentence that says what to
// enable. Tried in a child, once; this process stays as it is.
absl::Status Available();

}  // namespace real
