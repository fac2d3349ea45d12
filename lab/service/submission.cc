#include "lab/service/submission.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace lab::service {
namespace {

using duet::v1::File;
using duet::v1::Submission;

constexpr int kMostFiles = 256;
constexpr size_t kMostBytes = 16 << 20;
constexpr size_t kLongestPath = 200;
constexpr int kMostNamed = 5;

absl::Status Refuse(const std::string& sentence) { return absl::InvalidArgumentError(sentence); }

// Why nobody should write to such a path, or "".
std::string WrongWith(const std::string& path) {
  if (path.empty()) return "is empty";
  if (path.size() > kLongestPath) return absl::StrCat("is longer than ", kLongestPath, " bytes");
  if (path.front() == '/') return "is absolute";
  // A compiler would take it for an option, or for a file of options.
  if (path.front() == '-' || path.front() == '@') return "begins with `-` or `@`";
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "has a control character";
  }
  for (const auto part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") return "has an empty part, `.` or `..`";
    if (part == kOutputFolder) return absl::StrCat("has ", kOutputFolder, " in it, where Duet builds");
  }
  return "";
}

std::optional<Entry::Kind> KindOf(const File& file) {
  const std::string extension = std::filesystem::path(file.path()).extension();
  if (extension == ".c") return Entry::Kind::kC;
  if (extension == ".cc" || extension == ".cpp" || extension == ".cxx") return Entry::Kind::kCpp;
  if (extension == ".py") return Entry::Kind::kPython;
  const bool program = absl::StartsWith(file.content(), "\177ELF") || absl::StartsWith(file.content(), "#!");
  if (program || file.executable()) return Entry::Kind::kExecutable;
  return std::nullopt;
}

std::string PossibleNames(const std::string& role, bool in_process) {
  if (in_process) return absl::StrCat(role, ".cc");
  return absl::StrCat(role, ".c, ", role, ".cc, ", role, ".cpp, ", role, ".cxx, ", role, ".py or an executable ", role);
}

// What the submission has instead, as the end of a sentence.
std::string WhatThereIs(const Submission& submission) {
  std::vector<std::string> names;
  for (const File& file : submission.files()) {
    if (names.size() == kMostNamed) {
      names.push_back("…");
      break;
    }
    names.push_back(file.path());
  }
  return absl::StrJoin(names, ", ");
}

// The files that could fill `role` by their names.
std::vector<Entry> Candidates(const std::string& role, const Submission& submission) {
  std::vector<Entry> sources;
  std::vector<Entry> executables;
  for (const File& file : submission.files()) {
    const std::filesystem::path path(file.path());
    const std::optional<Entry::Kind> kind = KindOf(file);
    if (path.has_parent_path() || !kind.has_value()) continue;
    const bool executable = *kind == Entry::Kind::kExecutable;
    const bool named = executable ? path == role : path.stem() == role;
    if (named) (executable ? executables : sources).push_back({role, file.path(), *kind});
  }
  return sources.empty() ? executables : sources;
}

absl::StatusOr<Entry> FindEntry(const std::string& role, const Submission& submission) {
  const std::vector<Entry> candidates = Candidates(role, submission);
  if (candidates.empty()) {
    return Refuse(absl::StrCat("the submission has no entry point for `", role, "`: it needs ",
                               PossibleNames(role, submission.in_process()), ", and has ", WhatThereIs(submission)));
  }
  if (candidates.size() > 1) {
    return Refuse(absl::StrCat("both ", candidates[0].path, " and ", candidates[1].path,
                               " could be the entry point for `", role, "`: keep one of them"));
  }
  return candidates[0];
}

// `inside` and the folders above it, below `folder`: for whoever the sandbox makes of us.
void MakeReadableFolders(const std::filesystem::path& folder, const std::filesystem::path& inside,
                         std::error_code& error) {
  std::filesystem::path path = folder;
  for (const std::filesystem::path& part : inside) {
    path /= part;
    if (std::filesystem::create_directory(path, error)) {
      std::filesystem::permissions(path, static_cast<std::filesystem::perms>(0755), error);
    }
  }
}

}  // namespace

absl::Status CheckFiles(const Submission& submission) {
  if (submission.files().empty()) return Refuse("the submission has no files");
  if (submission.files_size() > kMostFiles) {
    return Refuse(absl::StrCat("the submission has ", submission.files_size(), " files, and may have ", kMostFiles));
  }
  size_t bytes = 0;
  std::set<std::string> files;
  std::set<std::string> folders;
  for (const File& file : submission.files()) {
    if (const std::string wrong = WrongWith(file.path()); !wrong.empty()) {
      return Refuse(absl::StrCat("a file's path ", wrong, ": `", absl::CHexEscape(file.path().substr(0, kLongestPath)),
                                 "`; paths are relative to the submission"));
    }
    if (!files.insert(file.path()).second) return Refuse(absl::StrCat(file.path(), " is there twice"));
    bytes += file.content().size();
    for (std::filesystem::path parent = std::filesystem::path(file.path()).parent_path(); !parent.empty();
         parent = parent.parent_path()) {
      folders.insert(parent);
    }
  }
  for (const std::string& folder : folders) {
    if (files.contains(folder)) return Refuse(absl::StrCat(folder, " is both a file and a folder"));
  }
  if (bytes > kMostBytes) {
    return Refuse(absl::StrCat("the submission has ", bytes >> 20, " MiB, and may have ", kMostBytes >> 20));
  }
  return absl::OkStatus();
}

absl::Status Unpack(const Submission& submission, const std::string& folder) {
  for (const File& file : submission.files()) {
    const std::filesystem::path path = std::filesystem::path(folder) / file.path();
    std::error_code error;
    MakeReadableFolders(folder, std::filesystem::path(file.path()).parent_path(), error);
    std::ofstream stream(path, std::ios::binary);
    stream.write(file.content().data(), static_cast<std::streamsize>(file.content().size()));
    stream.close();
    if (error || !stream) return absl::InternalError(absl::StrCat("cannot write ", path.string()));
    // Readable for whoever the sandbox makes of us.
    const auto mode = static_cast<std::filesystem::perms>(file.executable() ? 0755 : 0644);
    std::filesystem::permissions(path, mode, error);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Entry>> FindEntries(const grade::Exercise& exercise, const Submission& submission) {
  std::vector<Entry> entries;
  if (submission.files_size() == 1 && exercise.roles.size() == 1) {
    const File& file = submission.files(0);
    const std::optional<Entry::Kind> kind = KindOf(file);
    if (!kind.has_value()) {
      return Refuse(absl::StrCat(file.path(),
                                 " is neither C (.c), C++ (.cc, .cpp, .cxx) or Python (.py) nor an executable "
                                 "program"));
    }
    entries.push_back({exercise.roles[0].name, file.path(), *kind});
  } else {
    for (const grade::Role& role : exercise.roles) {
      auto entry = FindEntry(role.name, submission);
      if (!entry.ok()) return entry.status();
      entries.push_back(*std::move(entry));
    }
  }
  for (const Entry& entry : entries) {
    if (submission.in_process() && entry.kind != Entry::Kind::kCpp) {
      return Refuse(absl::StrCat(entry.path, " is not C++, and a function that runs in-process is C++: ", entry.role,
                                 ".cc"));
    }
  }
  return entries;
}

}  // namespace lab::service
