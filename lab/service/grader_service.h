// The gRPC service duet.v1.Grader over Grading.
#pragma once

#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "lab/grade/exercise.h"
#include "lab/service/grader.grpc.pb.h"
#include "lab/service/grading.h"

namespace lab::service {

class GraderService final : public duet::v1::Grader::Service {
 public:
  // `exercises` must outlive it. `worker_binary`: see worker_client.h; `most_at_once`: see grading.h.
  GraderService(const std::vector<grade::Exercise>& exercises, std::string worker_binary, int most_at_once);

  grpc::Status ListExercises(grpc::ServerContext* context, const duet::v1::ListExercisesRequest* request,
                             duet::v1::ListExercisesResponse* response) override;
  grpc::Status GetExercise(grpc::ServerContext* context, const duet::v1::GetExerciseRequest* request,
                           duet::v1::GetExerciseResponse* response) override;
  grpc::Status Grade(grpc::ServerContext* context, const duet::v1::GradeRequest* request,
                     grpc::ServerWriter<duet::v1::GradeEvent>* writer) override;
  grpc::Status Replay(grpc::ServerContext* context, const duet::v1::ReplayRequest* request,
                      duet::v1::ReplayResponse* response) override;

 private:
  const std::vector<grade::Exercise>& exercises_;
  Grading grading_;
};

}  // namespace lab::service
