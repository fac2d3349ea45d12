// A worker's way to who started it.
#pragma once

#include "lab/service/worker.pb.h"

namespace lab::service {

// Takes standard output for messages (see worker.proto), and leaves /dev/null there and on standard input, so that no
// process of a world gets at either.
class MessageOutput {
 public:
  MessageOutput();

  // Blocks until it is written. Ends this process where nobody listens any more.
  void Write(const duet::internal::WorkerMessage& message);

 private:
  int fd_;
};

}  // namespace lab::service
