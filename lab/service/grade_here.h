// A whole grading inside a test: built, run in workers, reported, without a server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/service/grader.pb.h"

namespace lab::service {

struct GradeHereOptions {
  bool sim = true;
  bool real = true;
  uint64_t seed = 1;
  uint32_t runs = 1;  // in the simulated world
};

// Grades `submission` (lab/cli/files.h reads one from a folder) by the exercise of that name, with the duet binary among
// the test's runfiles as worker. Blocks. What Grading::Grade refuses is refused here; a submission that does not compile
// is InvalidArgument with the compiler's message.
absl::StatusOr<duet::v1::Report> GradeHere(const std::vector<grade::Exercise>& exercises, const std::string& exercise,
                                           const duet::v1::Submission& submission, const GradeHereOptions& options);

}  // namespace lab::service
