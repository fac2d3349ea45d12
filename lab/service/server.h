// A grader that listens: duet.v1.Grader, grpc.health.v1.Health and reflection on one port, and how to reach one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/service/grader.grpc.pb.h"
#include "lab/service/grader_service.h"

namespace lab::service {

class Server {
 public:
  // Listens on "HOST:PORT"; port 0 stands for one that is free. InvalidArgument where that is no address, Unavailable
  // where it can't be had ("127.0.0.1:50051 is in use"). `exercises` must outlive it. `most_at_once`: see grading.h.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const std::string& address,
                                                        const std::vector<grade::Exercise>& exercises,
                                                        const std::string& worker_binary, int most_at_once);
  // One that only this process can reach, by `channel()`.
  static std::unique_ptr<Server> InProcess(const std::vector<grade::Exercise>& exercises,
                                           const std::string& worker_binary);

  // Cancels what is under way and returns once it has ended.
  ~Server();

  int port() const { return port_; }
  std::shared_ptr<grpc::Channel> channel();

  // Blocks until Shutdown(), from another thread.
  void Wait() { server_->Wait(); }
  void Shutdown();

 private:
  Server(const std::vector<grade::Exercise>& exercises, const std::string& worker_binary, int most_at_once);

  GraderService service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// A channel to the server at "HOST:PORT". Unavailable, with a sentence, where none answers within seconds.
absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& address);

// The status of a call, with gRPC's own sentences made ours where the connection broke.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace lab::service
