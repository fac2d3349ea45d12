// A submission as it comes from outside: checked, unpacked, and its entry points found. Nothing in it is trusted.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/grade/exercise.h"
#include "lab/service/grader.pb.h"

namespace lab::service {

// Where builds go in a submission's folder.
inline constexpr char kOutputFolder[] = ".duet-built";

// InvalidArgument, with a sentence, for files that nobody should unpack: paths that lead elsewhere, twice the same, too
// many, too large, or none.
absl::Status CheckFiles(const duet::v1::Submission& submission);

// Writes files that CheckFiles has passed into `folder`.
absl::Status Unpack(const duet::v1::Submission& submission, const std::string& folder);

// The file that fills a role.
struct Entry {
  enum class Kind { kC, kCpp, kPython, kExecutable };
  std::string role;
  std::string path;  // as in the submission
  Kind kind = Kind::kC;
};

// An entry for each role of the exercise, in its order. A single file fills the only role whatever its name; otherwise
// the name tells the role, and source files come before executables, which are what is left of a build at home.
// InvalidArgument, with a sentence, where a role has no candidate or several.
absl::StatusOr<std::vector<Entry>> FindEntries(const grade::Exercise& exercise,
                                               const duet::v1::Submission& submission);

}  // namespace lab::service
