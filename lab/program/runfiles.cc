#include "lab/program/runfiles.h"

#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lab {
namespace {

constexpr std::string_view kWorkspace = "/duet/";

// The folders that may hold the runfiles, the likeliest first. Bazel sets the variables for tests; a binary that
// users start has its runfiles beside itself, as far as Bazel's links are followed.
std::vector<std::string> Roots() {
  std::vector<std::string> roots;
  for (const char* variable : {"TEST_SRCDIR", "RUNFILES_DIR"}) {
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') roots.push_back(value);
  }
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length > 0 && length < static_cast<ssize_t>(sizeof(path))) {
    const std::string self(path, static_cast<size_t>(length));
    roots.push_back(absl::StrCat(self, ".runfiles"));
    // The binary is itself a data file of another one.
    if (const size_t end = self.find(".runfiles/"); end != std::string::npos) {
      roots.push_back(self.substr(0, end + std::string_view(".runfiles").size()));
    }
  }
  return roots;
}

}  // namespace

std::string Runfile(std::string_view path) {
  for (const std::string& root : Roots()) {
    std::string candidate = root + std::string(kWorkspace) + std::string(path);
    if (access(candidate.c_str(), F_OK) == 0) return candidate;
  }
  return "";
}

}  // namespace lab
