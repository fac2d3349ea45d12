#include "lab/cli/files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/program/runfiles.h"
#include "lab/trace/printable.h"
#include "lab/trace/whole_file.h"

namespace lab::cli {
namespace {

namespace fs = std::filesystem;
using duet::v1::File;
using duet::v1::Submission;

// Beyond what the service takes: it says so itself.
constexpr int kMostFiles = 1000;
constexpr uintmax_t kMostBytes = 64 << 20;

absl::Status Refuse(const fs::path& path, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", std::string(why)));
}

absl::StatusOr<File> ReadFile(const fs::path& path, const fs::path& name) {
  std::error_code error;
  // Paths travel as text.
  if (Printable(name.native()) != name.native()) {
    return Refuse(Printable(path.native()), "this name is not plain UTF-8 text: rename it, or leave it out");
  }
  if (fs::file_size(path, error) > kMostBytes && !error) return Refuse(path, "too large for a submission");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Refuse(path, strerror(errno));
  File file;
  file.set_path(name);
  file.set_content({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
  if (stream.bad()) return Refuse(path, "cannot be read");
  const fs::perms permissions = fs::status(path, error).permissions();
  file.set_executable((permissions & fs::perms::owner_exec) != fs::perms::none);
  return file;
}

bool IsLeftOut(const fs::path& name) {
  const std::string text = name.filename();
  return text.front() == '.' || text == "__pycache__";
}

// Whether the folder is one of the lab's own, where Bazel has put links to the files.
bool IsOurs(const fs::path& folder) {
  const std::string exercises = Runfile("exercises");
  return !exercises.empty() && absl::StartsWith(folder.lexically_normal().native(), exercises + "/");
}

absl::StatusOr<Submission> ReadFolder(const fs::path& folder) {
  const bool ours = IsOurs(folder);
  Submission submission;
  uintmax_t bytes = 0;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (IsLeftOut(entry->path())) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
      continue;
    }
    // A link could lead to any file of whoever grades, and a program shows what it reads.
    if (entry->is_symlink(error) && !ours) {
      return Refuse(entry->path(), "is a link; a submission has files and folders alone");
    }
    if (!entry->is_regular_file(error)) continue;
    auto file = ReadFile(entry->path(), entry->path().lexically_relative(folder));
    if (!file.ok()) return file.status();
    bytes += file->content().size();
    if (submission.files_size() >= kMostFiles || bytes > kMostBytes) {
      return Refuse(folder, "has too much in it for a submission; name the folder of the program alone");
    }
    *submission.add_files() = *std::move(file);
  }
  if (error) return Refuse(folder, error.message());
  if (submission.files().empty()) return Refuse(folder, "has no files in it");
  std::sort(submission.mutable_files()->begin(), submission.mutable_files()->end(),
            [](const File& a, const File& b) { return a.path() < b.path(); });
  return submission;
}

}  // namespace

absl::StatusOr<Submission> ReadSubmission(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return Refuse(path, "no such file or directory");
  if (error) return Refuse(path, error.message());
  if (fs::is_directory(status)) return ReadFolder(path);
  if (!fs::is_regular_file(status)) return Refuse(path, "neither a file nor a directory");
  auto file = ReadFile(path, fs::path(path).filename());
  if (!file.ok()) return file.status();
  Submission submission;
  *submission.add_files() = *std::move(file);
  return submission;
}

absl::Status WriteNewFiles(const std::string& folder, const std::vector<File>& files) {
  for (const File& file : files) {
    const fs::path path = fs::path(folder) / file.path();
    std::error_code error;
    if (fs::symlink_status(path, error).type() != fs::file_type::not_found) {
      return absl::AlreadyExistsError(
          absl::StrCat(path.string(), " is there already, and duet start overwrites nothing"));
    }
  }
  std::vector<fs::path> written;
  absl::Status status;
  for (const File& file : files) {
    const fs::path path = fs::path(folder) / file.path();
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    status = error ? Refuse(path.parent_path(), error.message()) : WriteWholeFile(path.string(), file.content());
    if (!status.ok()) break;
    written.push_back(path);
  }
  if (status.ok()) return status;
  for (const fs::path& path : written) {
    std::error_code error;
    fs::remove(path, error);
  }
  return absl::InvalidArgumentError(status.message());
}

absl::Status CheckWritable(const std::string& path) {
  const fs::path parent = fs::absolute(path).parent_path();
  std::error_code error;
  if (fs::is_directory(path, error)) return Refuse(path, "is a directory");
  if (access(parent.c_str(), W_OK) != 0) return Refuse(path, absl::StrCat("cannot be written: ", strerror(errno)));
  return absl::OkStatus();
}

}  // namespace lab::cli
