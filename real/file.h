// Small files of the system (/proc, /sys), whole.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace real {

// At most 64 KiB of the file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// In one write, as the files of /proc want it; the file must exist.
absl::Status WriteSmallFile(const std::string& path, absl::string_view content);

}  // namespace real
