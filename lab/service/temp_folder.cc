#include "lab/service/temp_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lab::service {

absl::StatusOr<TempFolder> TempFolder::Make() {
  const char* parent = std::getenv("TMPDIR");
  std::string path = absl::StrCat(parent != nullptr && *parent != '\0' ? parent : "/tmp", "/duet-XXXXXX");
  if (mkdtemp(path.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make a temporary folder like ", path));
  }
  TempFolder folder(std::move(path));
  if (mkdir(folder.path().c_str(), 0755) != 0 || chmod(folder.path().c_str(), 0755) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", folder.path()));
  }
  return folder;
}

TempFolder::TempFolder(TempFolder&& other) noexcept
    : outer_(std::exchange(other.outer_, "")), path_(std::move(other.path_)) {}

TempFolder::~TempFolder() {
  if (outer_.empty()) return;
  std::error_code error;
  // Whoever built in there may have taken our rights to its folders.
  for (auto entry = std::filesystem::recursive_directory_iterator(outer_, error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (!entry->is_directory(error) || entry->is_symlink(error)) continue;
    std::filesystem::permissions(entry->path(), std::filesystem::perms::owner_all, std::filesystem::perm_options::add,
                                 error);
  }
  std::filesystem::remove_all(outer_, error);
}

}  // namespace lab::service
