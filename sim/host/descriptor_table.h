// The descriptors of one process.
#pragma once

#include <vector>

#include "sim/host/file.h"

namespace sim {

class DescriptorTable {
 public:
  // RLIMIT_NOFILE as Linux sets it.
  static constexpr int kMostDescriptors = 1024;

  DescriptorTable() = default;
  // Releases what is open.
  ~DescriptorTable() { CloseAll(); }
  DescriptorTable(const DescriptorTable&) = delete;
  DescriptorTable& operator=(const DescriptorTable&) = delete;

  // The lowest descriptor that is free and not below `lowest`, now for `file`; -EMFILE where none is.
  int Add(FilePtr file, bool close_on_exec, int lowest = 0);
  // Whether Add has a descriptor to give.
  bool HasSpace() const;
  // Makes `fd` stand for `file`; what it stood for is released. `fd` must be valid.
  void Replace(int fd, FilePtr file);
  // Null where it isn't open.
  File* Get(int fd) const;
  // 0, or -EBADF.
  int Close(int fd);
  // Lowest descriptor first.
  void CloseAll();

  static bool IsValid(int fd) { return fd >= 0 && fd < kMostDescriptors; }
  bool close_on_exec(int fd) const { return entries_[static_cast<size_t>(fd)].close_on_exec; }
  void set_close_on_exec(int fd, bool on) { entries_[static_cast<size_t>(fd)].close_on_exec = on; }

 private:
  struct Entry {
    FilePtr file;
    bool close_on_exec = false;
  };

  int LowestFree(int lowest) const;
  void Put(size_t index, FilePtr file, bool close_on_exec);

  std::vector<Entry> entries_;
};

}  // namespace sim
