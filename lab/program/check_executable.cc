// Looks at a file's first bytes, so that what can't be carried is said before anything runs.
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lab/program/program.h"

namespace lab {
namespace {

absl::Status Refuse(const std::string& name, const char* what) {
  return absl::FailedPreconditionError(absl::StrCat(name, " ", what));
}

// The first `length` bytes at `offset`, or fewer.
std::string Bytes(std::ifstream& file, uint64_t offset, size_t length) {
  std::string bytes(length, '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(length));
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

absl::Status CheckElf(const std::string& name, std::ifstream& file) {
  Elf64_Ehdr header;
  const std::string bytes = Bytes(file, 0, sizeof(header));
  if (bytes.size() < sizeof(header)) return Refuse(name, "is cut short: build it again");
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return Refuse(name, "is built for another kind of processor: build it on a machine like this one (x86-64)");
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return Refuse(name, "is an object file, not a program: link it");
  }
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const std::string entry = Bytes(file, header.e_phoff + static_cast<uint64_t>(i) * sizeof(segment), sizeof(segment));
    if (entry.size() < sizeof(segment)) return Refuse(name, "is cut short: build it again");
    std::memcpy(&segment, entry.data(), sizeof(segment));
    if (segment.p_type == PT_INTERP) return absl::OkStatus();
  }
  return Refuse(name,
                "is statically linked: link it with the shared C library (without -static), so that Duet can carry "
                "its calls");
}

// `line`: what follows "#!".
absl::Status CheckScript(const std::string& name, const std::string& line) {
  const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return Refuse(name, "names no interpreter in its first line");
  std::string interpreter = words[0];
  if (interpreter == "/usr/bin/env" && words.size() > 1) interpreter = absl::StrCat("/usr/bin/", words[1]);
  // Only these folders exist in the sandbox.
  for (const char* folder : {"/usr/", "/bin/", "/sbin/", "/lib"}) {
    if (interpreter.starts_with(folder) && access(interpreter.c_str(), X_OK) == 0) return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      name, " is a script for ", interpreter, ", which is not here: use /usr/bin/python3, or another of /usr/bin"));
}

}  // namespace

absl::Status CheckExecutable(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return absl::NotFoundError(absl::StrCat(path, " does not exist"));
  if (!S_ISREG(status.st_mode)) return Refuse(path, "is not a file");
  if (access(path.c_str(), R_OK) != 0) return Refuse(name, "can't be read: chmod +r it");
  if ((status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
    return Refuse(name, "is not executable: chmod +x it");
  }
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) {
    return Refuse(name, "is set-uid, and programs run here without anybody's powers: use a copy of it");
  }
  std::ifstream file(path, std::ios::binary);
  const std::string head = Bytes(file, 0, 256);
  if (head.starts_with(ELFMAG)) return CheckElf(name, file);
  if (head.starts_with("#!")) return CheckScript(name, head.substr(2, head.find('\n') - 2));
  return Refuse(name, "is neither a program nor a script: a script begins with #! and its interpreter");
}

}  // namespace lab
