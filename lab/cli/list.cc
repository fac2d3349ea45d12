#include <algorithm>
#include <iostream>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/session.h"

namespace lab::cli {

int List(const ListOptions& options, Interrupts& interrupts) {
  const auto session = Session::Open(options.server, interrupts);
  if (!session.ok()) return Fail(session.status());
  duet::v1::ListExercisesResponse response;
  const absl::Status status = (*session)->Do(
      [&](grpc::ClientContext* context) { return (*session)->grader().ListExercises(context, {}, &response); });
  if (!status.ok()) return Fail(status);
  size_t name_width = 0;
  size_t title_width = 0;
  for (const auto& exercise : response.exercises()) {
    name_width = std::max(name_width, exercise.name().size());
    title_width = std::max(title_width, exercise.title().size());
  }
  for (const auto& exercise : response.exercises()) {
    std::cout << absl::StrFormat("%-*s  %-*s  %3d points  %s\n", name_width, exercise.name(), title_width,
                                 exercise.title(), exercise.max_score(), absl::StrJoin(exercise.roles(), ", "));
  }
  return kFullScore;
}

}  // namespace lab::cli
