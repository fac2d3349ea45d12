// Looks at a file's first bytes, so that what can't be carried is said before anything runs.
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
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

// As many `Entry`s as there are of `count` at `offset`.
template <typename Entry>
std::vector<Entry> Entries(std::ifstream& file, uint64_t offset, size_t count) {
  const std::string bytes = Bytes(file, offset, count * sizeof(Entry));
  std::vector<Entry> entries(bytes.size() / sizeof(Entry));
  std::memcpy(entries.data(), bytes.data(), entries.size() * sizeof(Entry));
  return entries;
}

// The names that the loader knows it by, each behind a NUL: libraries that it needs, and functions. Empty where they
// can't be found, which is for the loader to complain about.
std::string DynamicNames(std::ifstream& file, const std::vector<Elf64_Phdr>& segments) {
  constexpr uint64_t kMost = 64 << 20;
  uint64_t address = 0;
  uint64_t size = 0;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const size_t count = std::min(segment.p_filesz, kMost) / sizeof(Elf64_Dyn);
    for (const Elf64_Dyn& entry : Entries<Elf64_Dyn>(file, segment.p_offset, count)) {
      if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
      if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
    }
  }
  for (const Elf64_Phdr& segment : segments) {
    const bool here = segment.p_type == PT_LOAD && address - segment.p_vaddr < segment.p_filesz;
    if (here) return Bytes(file, segment.p_offset + (address - segment.p_vaddr), std::min(size, kMost));
  }
  return "";
}

// What these keep in mind of memory does not fit into the limit on it, nor may another library be there before theirs.
absl::Status CheckSanitizers(const std::string& name, const std::string& names) {
  constexpr std::pair<const char*, const char*> kSanitizers[] = {{"__asan_init", "address"},
                                                                 {"__hwasan_init", "hwaddress"},
                                                                 {"__tsan_init", "thread"},
                                                                 {"__msan_init", "memory"},
                                                                 {"liblsan.so", "leak"},
                                                                 {"__lsan_init", "leak"}};
  for (const auto& [mark, sanitizer] : kSanitizers) {
    if (names.find(mark) == std::string::npos) continue;
    return absl::FailedPreconditionError(
        absl::StrCat(name, " is built with -fsanitize=", sanitizer,
                     ", which can't run in Duet's sandbox: build it without (-fsanitize=undefined works)"));
  }
  return absl::OkStatus();
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
  const std::vector<Elf64_Phdr> segments = Entries<Elf64_Phdr>(file, header.e_phoff, header.e_phnum);
  if (segments.size() < header.e_phnum) return Refuse(name, "is cut short: build it again");
  const auto interpreter = [](const Elf64_Phdr& segment) { return segment.p_type == PT_INTERP; };
  if (std::none_of(segments.begin(), segments.end(), interpreter)) {
    return Refuse(name,
                  "is statically linked: link it with the shared C library (without -static), so that Duet can carry "
                  "its calls");
  }
  return CheckSanitizers(name, DynamicNames(file, segments));
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
