// Writing a file so that it is there whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace lab {

// Replaces what `path` held. Where that fails, the old file stays as it was, nothing partial remains, and the status
// names the path and the reason. A path that is no regular file (/dev/stdout, a named pipe) is written to directly.
absl::Status WriteWholeFile(const std::string& path, std::string_view contents);

}  // namespace lab
