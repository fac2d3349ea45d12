// What somebody types, as it comes.
#pragma once

#include <string>

#include "lab/sockets/process.h"

namespace lab::run {

class LiveInput {
 public:
  // Reads from `fd`, which must stay open.
  explicit LiveInput(int fd) : fd_(fd) {}

  // Blocks, in the machine's time, until there is something to take, but no longer than that; whether there is.
  bool Wait(Duration at_most) const;
  // What has come; "" at the end. Blocks where nothing has come.
  std::string Take() const;

 private:
  const int fd_;
};

}  // namespace lab::run
