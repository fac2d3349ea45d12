#include <iostream>
#include <vector>

#include "lab/cli/commands.h"
#include "lab/cli/exit_status.h"
#include "lab/cli/files.h"
#include "lab/cli/session.h"
#include "lab/service/submission.h"

namespace lab::cli {

int Start(const StartOptions& options, Interrupts& interrupts) {
  const auto session = Session::Open(options.server, interrupts);
  if (!session.ok()) return Fail(session.status());
  duet::v1::GetExerciseRequest request;
  request.set_name(options.exercise);
  request.set_language(options.language);
  duet::v1::GetExerciseResponse response;
  const absl::Status status = (*session)->Do(
      [&](grpc::ClientContext* context) { return (*session)->grader().GetExercise(context, request, &response); });
  if (!status.ok()) return Fail(status);

  duet::v1::Submission files;
  duet::v1::File* const handout = files.add_files();
  handout->set_path("README.md");
  handout->set_content(response.handout());
  for (const auto& file : response.starter()) *files.add_files() = file;
  // A server is no more to be trusted with paths than a submission is.
  if (const absl::Status checked = service::CheckFiles(files); !checked.ok()) return Fail(checked);
  const absl::Status written = WriteNewFiles(options.folder, {files.files().begin(), files.files().end()});
  if (!written.ok()) return Fail(written);
  for (const auto& file : files.files()) std::cout << options.folder << "/" << file.path() << "\n";
  std::cout << "\nRead " << options.folder << "/README.md, then try: duet grade " << response.name() << " "
            << options.folder << "\n";
  return kFullScore;
}

}  // namespace lab::cli
