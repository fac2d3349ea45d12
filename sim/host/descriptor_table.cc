#include "sim/host/descriptor_table.h"

#include <algorithm>
#include <utility>

namespace sim {

void DescriptorTable::Put(size_t index, FilePtr file, bool close_on_exec) {
  if (index >= entries_.size()) entries_.resize(index + 1);
  ++file->descriptors_;
  entries_[index] = {std::move(file), close_on_exec};
}

int DescriptorTable::LowestFree(int lowest) const {
  while (Get(lowest) != nullptr) ++lowest;
  return lowest;
}

bool DescriptorTable::HasSpace() const { return LowestFree(0) < kMostDescriptors; }

int DescriptorTable::Add(FilePtr file, bool close_on_exec, int lowest) {
  const int fd = LowestFree(lowest);
  if (fd >= kMostDescriptors) return -EMFILE;
  Put(static_cast<size_t>(fd), std::move(file), close_on_exec);
  return fd;
}

void DescriptorTable::Replace(int fd, FilePtr file) {
  Close(fd);
  Put(static_cast<size_t>(fd), std::move(file), false);
}

File* DescriptorTable::Get(int fd) const {
  if (fd < 0 || static_cast<size_t>(fd) >= entries_.size()) return nullptr;
  return entries_[static_cast<size_t>(fd)].file.get();
}

int DescriptorTable::Close(int fd) {
  if (Get(fd) == nullptr) return -EBADF;
  const FilePtr file = std::move(entries_[static_cast<size_t>(fd)].file);
  entries_[static_cast<size_t>(fd)] = {};
  if (--file->descriptors_ > 0) return 0;
  file->waiters().Release();
  file->Release();
  return 0;
}

void DescriptorTable::CloseAll() {
  for (size_t fd = 0; fd < entries_.size(); ++fd) Close(static_cast<int>(fd));
  entries_.clear();
}

}  // namespace sim
