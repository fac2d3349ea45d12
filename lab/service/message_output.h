// A worker's way to who started it.
#pragma once

#include "lab/service/worker.pb.h"

namespace lab::service {

// Takes standard output for messages (see worker.proto), and what is left of standard input, and leaves /dev/null in
// both places, so that no process of a world gets at either.
class MessageOutput {
 public:
  MessageOutput();

  // Blocks until it is written. Ends this process where nobody listens any more.
  void Write(const duet::internal::WorkerMessage& message);

  // The descriptor that standard input has now.
  int input() const { return input_; }

 private:
  int fd_;
  int input_;
};

}  // namespace lab::service
