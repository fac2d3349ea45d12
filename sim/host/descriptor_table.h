// The descriptors of one process.
#pragma once

#include <memory>
#include <vector>

#include "sim/host/file.h"

namespace sim {

class DescriptorTable {
 public:
  // RLIMIT_NOFILE as Linux sets it.
  static constexpr int kMostDescriptors = 1024;
  static constexpr int kAnyNumber = -1;

  DescriptorTable() = default;
  // Closes what is open.
  ~DescriptorTable() { CloseAll(); }
  DescriptorTable(const DescriptorTable&) = delete;
  DescriptorTable& operator=(const DescriptorTable&) = delete;

  // The lowest descriptor that is free and not below `lowest`, now for `file`; -EMFILE where none is.
  int Add(FilePtr file, bool close_on_exec, int lowest = 0);
  // Makes `fd` stand for `file`; it no longer has what it stood for. `fd` must be valid. -EBUSY where it is reserved.
  int Replace(int fd, FilePtr file);
  // Null where it isn't open.
  File* Get(int fd) const;
  // 0, or -EBADF.
  int Close(int fd);

  // The lowest free descriptor, or a chosen one, kept for a file that comes later, as Linux does while accept waits: it
  // isn't free. What is open at a chosen one stays until then.
  class Reservation {
   public:
    // The table must outlive it. `chosen`: a valid descriptor, or kAnyNumber.
    explicit Reservation(DescriptorTable& table, int chosen = kAnyNumber);
    ~Reservation();
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    // Negative where no descriptor is free: -EMFILE; -EBUSY where the chosen one is reserved.
    int fd() const { return fd_; }
    // The descriptor, now for `file`. At most once, and only where there is one.
    int Fill(FilePtr file, bool close_on_exec);

   private:
    DescriptorTable& table_;
    int fd_;
  };
  bool reserved(int fd) const {
    return fd >= 0 && static_cast<size_t>(fd) < entries_.size() && entries_[static_cast<size_t>(fd)].reserved;
  }
  // Lowest descriptor first.
  void CloseAll();
  // As fork does: the same files under the same numbers. What is reserved is free in the copy.
  std::shared_ptr<DescriptorTable> Copy() const;

  bool close_on_exec(int fd) const { return entries_[static_cast<size_t>(fd)].close_on_exec; }
  void set_close_on_exec(int fd, bool on) { entries_[static_cast<size_t>(fd)].close_on_exec = on; }

 private:
  struct Entry {
    FilePtr file;
    bool close_on_exec = false;
    bool reserved = false;
  };

  int LowestFree(int lowest) const;
  void Put(size_t index, FilePtr file, bool close_on_exec);

  std::vector<Entry> entries_;
};

}  // namespace sim
