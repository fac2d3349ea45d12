#include "lab/run/find_program.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lab/program/sandbox.h"

namespace lab::run {
namespace {

constexpr const char* kSystem[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/"};

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

absl::StatusOr<FoundProgram> FindProgram(const std::string& word, const std::string& directory) {
  if (!absl::StrContains(word, "/")) {
    for (const absl::string_view folder : absl::StrSplit(kSandboxPath, ':')) {
      const std::string path = absl::StrCat(folder, "/", word);
      if (Exists(path)) return FoundProgram{path, path};
    }
    const bool here = Exists(absl::StrCat(directory, "/", word));
    const std::string instead = here ? absl::StrCat("; for the one in the directory, write ./", word) : "";
    return absl::NotFoundError(
        absl::StrCat("there is no program `", word, "` in /usr/bin and the like of this machine", instead));
  }
  const bool leaves = std::filesystem::path(word).lexically_normal().string().starts_with("..");
  if (!word.starts_with('/') && !leaves) {
    return FoundProgram{absl::StrCat(directory, "/", word), absl::StrCat("/submission/", word)};
  }
  for (const char* folder : kSystem) {
    if (word.starts_with(folder)) return FoundProgram{word, word};
  }
  return absl::InvalidArgumentError(
      absl::StrCat(word, " is outside of what programs see here, the system's /usr and one directory: name that with "
                         "--directory, and the program as it stands there"));
}

}  // namespace lab::run
