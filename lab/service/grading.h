// Grades a submission: builds it, runs each scenario in each world in a worker of its own, and says what happens.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/service/grader.pb.h"
#include "lab/service/turns.h"

namespace lab::service {

class Grading {
 public:
  using Emit = std::function<void(const duet::v1::GradeEvent&)>;
  using Cancelled = std::function<bool()>;

  // `exercises` must outlive it. `worker_binary`: see worker_client.h.
  // At most `most_at_once` submissions are built and run at a time; the others wait for their turn.
  Grading(const std::vector<grade::Exercise>& exercises, std::string worker_binary, int most_at_once);

  // NotFound, with the nearest name, where there is none of that name.
  absl::StatusOr<const grade::Exercise*> Find(std::string_view exercise) const;

  // See grader.proto. Both block, from any thread, several at a time; `cancelled` is asked several times a second and
  // may be asked from several threads, `emit` is called by one thread at a time. When they return nothing that they
  // started is left: no process, no file.
  absl::Status Grade(const duet::v1::GradeRequest& request, const Emit& emit, const Cancelled& cancelled);
  absl::StatusOr<duet::v1::ReplayResponse> Replay(const duet::v1::ReplayRequest& request,
                                                  const Cancelled& cancelled);

 private:
  const std::vector<grade::Exercise>& exercises_;
  std::string worker_binary_;
  Turns turns_;
};

}  // namespace lab::service
