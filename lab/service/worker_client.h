// Starts a worker in its sandbox, gives it its order, and reads what it says.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "lab/service/grader.pb.h"
#include "lab/service/worker.pb.h"

namespace lab::service {

struct WorkerOptions {
  // The binary whose `worker` command is the worker, as a file of this machine.
  std::string binary;
  // The submission's folder, which stands at kFolderInWorker; may be empty.
  std::string folder;
  // The submission's function runs in the worker's process, and may end it.
  bool in_process = false;
  std::function<void(const duet::v1::GradeEvent::Progress&)> on_progress;
  std::function<bool()> cancelled;
};

// Blocks until the worker has ended, with all that it started. Aborted, with a sentence, where it ended without a
// result or said nothing for minutes; ResourceExhausted where everything that ran in it took too much memory together;
// Cancelled soon after `cancelled` says so; another error where it could not be started.
absl::StatusOr<duet::internal::Result> RunInWorker(const WorkerOptions& options,
                                                   const duet::internal::Order& order);

struct LabWorkerOptions {
  std::string binary;
  // What the lab's programs see as their folder.
  std::string folder;
  std::function<void(const duet::internal::LabOutput&)> on_output;
  std::function<void(double seconds)> on_time;
  // A descriptor whose bytes are for the lab's interactive program, as they come; -1: it has none. Tells of each piece.
  int input = -1;
  std::function<void()> on_input;
  std::function<bool()> cancelled;
};

// The same for an order to play a lab.
absl::StatusOr<duet::internal::LabResult> PlayInWorker(const LabWorkerOptions& options,
                                                       const duet::internal::Order& order);

}  // namespace lab::service
