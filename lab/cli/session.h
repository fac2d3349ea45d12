// What a command works with: a grader, in this process or elsewhere, and a call to it that can be interrupted.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/cli/interrupts.h"
#include "lab/service/grader.grpc.pb.h"
#include "lab/service/server.h"

namespace lab::cli {

class Session {
 public:
  // With `server` ("HOST:PORT"), a client of that; otherwise of one inside this process. `interrupts` must outlive it.
  static absl::StatusOr<std::unique_ptr<Session>> Open(const std::string& server, Interrupts& interrupts);

  duet::v1::Grader::Stub& grader() { return *stub_; }

  // Runs `call` with a context that an interrupt cancels.
  template <typename Call>
  absl::Status Do(Call call) {
    grpc::ClientContext context;
    interrupts_.OnInterrupt([&] { context.TryCancel(); });
    const grpc::Status status = call(&context);
    interrupts_.OnInterrupt(nullptr);
    return service::FromGrpc(status);
  }

 private:
  explicit Session(Interrupts& interrupts) : interrupts_(interrupts) {}

  Interrupts& interrupts_;
  std::unique_ptr<service::Server> own_;
  std::unique_ptr<duet::v1::Grader::Stub> stub_;
};

// This binary, as a file.
std::string OwnBinary();

}  // namespace lab::cli
