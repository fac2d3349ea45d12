#include "lab/cli/exit_status.h"

#include <iostream>

namespace lab::cli {

int Fail(const absl::Status& status) {
  // gRPC's word for it is not a sentence.
  std::cerr << "duet: " << (absl::IsCancelled(status) ? "interrupted" : status.message()) << "\n";
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      return kWrongUse;
    default:
      return kLabFailure;
  }
}

}  // namespace lab::cli
