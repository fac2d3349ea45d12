#include "real/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "lab/sockets/unique_fd.h"

namespace real {

using lab::UniqueFd;

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", path));
  std::string content(64 << 10, '\0');
  size_t length = 0;
  while (length < content.size()) {
    const ssize_t got = read(file.get(), content.data() + length, content.size() - length);
    if (got < 0) return absl::ErrnoToStatus(errno, absl::StrCat("reading ", path));
    if (got == 0) break;
    length += got;
  }
  content.resize(length);
  return content;
}

absl::Status WriteSmallFile(const std::string& path, absl::string_view content) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", path));
  if (write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("writing ", path));
  }
  return absl::OkStatus();
}

}  // namespace real
