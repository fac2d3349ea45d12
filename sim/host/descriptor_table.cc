#include "sim/host/descriptor_table.h"

#include <algorithm>
#include <utility>

namespace sim {

void DescriptorTable::Put(size_t index, FilePtr file, bool close_on_exec) {
  if (index >= entries_.size()) entries_.resize(index + 1);
  entries_[index] = {std::move(file), close_on_exec};
}

int DescriptorTable::LowestFree(int lowest) const {
  while (Get(lowest) != nullptr || reserved(lowest)) ++lowest;
  return lowest;
}

int DescriptorTable::Add(FilePtr file, bool close_on_exec, int lowest) {
  const int fd = LowestFree(lowest);
  if (fd >= kMostDescriptors) return -EMFILE;
  Put(static_cast<size_t>(fd), std::move(file), close_on_exec);
  return fd;
}

int DescriptorTable::Replace(int fd, FilePtr file) {
  if (reserved(fd)) return -EBUSY;
  Close(fd);
  Put(static_cast<size_t>(fd), std::move(file), false);
  return fd;
}

File* DescriptorTable::Get(int fd) const {
  if (fd < 0 || static_cast<size_t>(fd) >= entries_.size()) return nullptr;
  return entries_[static_cast<size_t>(fd)].file.get();
}

int DescriptorTable::Close(int fd) {
  if (Get(fd) == nullptr) return -EBADF;
  // Free before it is released.
  Entry& entry = entries_[static_cast<size_t>(fd)];
  const FilePtr file = std::move(entry.file);
  entry.close_on_exec = false;
  return 0;
}

void DescriptorTable::CloseAll() {
  for (size_t fd = 0; fd < entries_.size(); ++fd) Close(static_cast<int>(fd));
  entries_.clear();
}

std::shared_ptr<DescriptorTable> DescriptorTable::Copy() const {
  auto copy = std::make_shared<DescriptorTable>();
  copy->entries_ = entries_;
  for (Entry& entry : copy->entries_) entry.reserved = false;
  return copy;
}

DescriptorTable::Reservation::Reservation(DescriptorTable& table, int chosen)
    : table_(table), fd_(chosen == kAnyNumber ? table.LowestFree(0) : chosen) {
  if (chosen == kAnyNumber && fd_ >= kMostDescriptors) fd_ = -EMFILE;
  if (table.reserved(fd_)) fd_ = -EBUSY;
  if (fd_ < 0) return;
  const auto index = static_cast<size_t>(fd_);
  if (index >= table_.entries_.size()) table_.entries_.resize(index + 1);
  table_.entries_[index].reserved = true;
}

DescriptorTable::Reservation::~Reservation() {
  if (table_.reserved(fd_)) table_.entries_[static_cast<size_t>(fd_)].reserved = false;
}

int DescriptorTable::Reservation::Fill(FilePtr file, bool close_on_exec) {
  table_.Close(fd_);
  table_.Put(static_cast<size_t>(fd_), std::move(file), close_on_exec);
  return std::exchange(fd_, -1);
}

}  // namespace sim
