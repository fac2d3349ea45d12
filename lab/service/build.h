// From a submission's sources to what a worker can run.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/service/grader.pb.h"
#include "lab/service/submission.h"
#include "lab/service/temp_folder.h"
#include "lab/service/worker.pb.h"

namespace lab::service {

// A submission that can be run; its files live as long as this.
struct Built {
  TempFolder folder;
  std::vector<duet::internal::RoleSource> roles;
  std::vector<duet::v1::GradeEvent::Built> events;
};

// Where the submission's folder stands for a worker; for its programs it is /submission.
inline constexpr char kFolderInWorker[] = "/duet/submission";

// The compiler did not take it.
using BuildResult = std::variant<Built, duet::v1::GradeEvent::BuildFailed>;

// Checks, unpacks and builds, the compilers inside a sandbox. Blocks; gives up with Cancelled soon after `cancelled`
// says so. InvalidArgument where the submission can't be graded at all, FailedPrecondition where this machine has no
// sandbox.
absl::StatusOr<BuildResult> Build(const grade::Exercise& exercise, const duet::v1::Submission& submission,
                                  const std::function<bool()>& cancelled);

}  // namespace lab::service
