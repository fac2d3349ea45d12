// The names of a world's hosts, as the files that libc resolves by: /etc/hosts and /etc/nsswitch.conf.
//
// They live in memory, in a folder that only this process's mounts have and that no path leads to: nothing is left of
// them, and no two worlds share them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/sockets/ip_address.h"
#include "lab/sockets/unique_fd.h"

namespace real {

using lab::UniqueFd;

// Makes the folder, once, in a process whose mounts are private (EnterNamespaces does).
absl::Status MakeNamesFolder();

class Names {
 public:
  static absl::StatusOr<std::unique_ptr<Names>> Create();
  ~Names();

  // Makes `name` resolve to the address from now on, also in processes that mounted the files before.
  // InvalidArgument: no host can be called so.
  absl::Status Add(const std::string& name, const lab::IpAddress& address);

  // Gives the calling process mounts of its own in which /etc/hosts and /etc/nsswitch.conf are these.
  absl::Status Mount() const;

 private:
  Names();

  const std::string file_;  // the world's hosts, in the folder
  UniqueFd hosts_;
};

}  // namespace real
