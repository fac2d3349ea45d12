#include "lab/trace/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace lab {
namespace {

absl::Status Failure(const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
}

bool WriteAll(int fd, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

absl::Status WriteDirectly(const std::string& path, std::string_view contents) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Failure(path);
  const absl::Status status = WriteAll(fd, contents) ? absl::OkStatus() : Failure(path);
  ::close(fd);
  return status;
}

// A link is followed: its target is what gets replaced.
std::string Resolved(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  const std::string target = resolved;
  ::free(resolved);
  return target;
}

// What open() would have given a new file.
mode_t NewFileMode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path, std::string_view contents) {
  struct stat before;
  const bool exists = ::stat(path.c_str(), &before) == 0;
  if (exists && S_ISDIR(before.st_mode)) {
    errno = EISDIR;
    return Failure(path);
  }
  if (exists && !S_ISREG(before.st_mode)) return WriteDirectly(path, contents);

  const std::string target = Resolved(path);
  std::string temporary = target + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return Failure(path);
  const mode_t mode = exists ? before.st_mode & 07777 : NewFileMode();
  bool done = WriteAll(fd, contents) && ::fchmod(fd, mode) == 0;
  done = ::close(fd) == 0 && done;
  if (done && ::rename(temporary.c_str(), target.c_str()) == 0) return absl::OkStatus();
  const absl::Status status = Failure(path);
  ::unlink(temporary.c_str());
  return status;
}

}  // namespace lab
