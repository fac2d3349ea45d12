// A submission's files, from the disk into a message, and starter files onto it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/service/grader.pb.h"

namespace lab::cli {

// The file at `path`, or all files of the folder there but hidden ones. InvalidArgument, with a sentence, where that is
// not there, can't be read, or is far too much for a submission.
absl::StatusOr<duet::v1::Submission> ReadSubmission(const std::string& path);

// Writes the files into `folder`, which is made where it does not exist. AlreadyExists, and nothing written, where one
// of them is there already; where writing fails nothing new remains.
absl::Status WriteNewFiles(const std::string& folder, const std::vector<duet::v1::File>& files);

// InvalidArgument where no file could be made at `path` because its folder is not there or can't be written to:
// asked before long work, whose result would be lost.
absl::Status CheckWritable(const std::string& path);

}  // namespace lab::cli
