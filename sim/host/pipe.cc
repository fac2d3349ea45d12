#include "sim/host/pipe.h"

#include <fcntl.h>

#include <algorithm>
#include <bit>

namespace sim {

size_t PipeBuffer::MakeRoom(size_t length) {
  size_t room = 0;
  // What doesn't fill a page goes first, behind the last write, where that leaves room for all of it.
  const size_t part = length % kPage;
  if (part > 0 && !pages.empty() && pages.back().end + part <= kPage) {
    pages.back().length += part;
    pages.back().end += part;
    room += part;
  }
  while (room < length && !full()) {
    const size_t page = std::min(length - room, kPage);
    pages.push_back({page, page});
    room += page;
  }
  return room;
}

bool PipeBuffer::Consume(size_t length) {
  bytes.RemovePrefix(length);
  bool was_full = false;
  while (length > 0) {
    const size_t taken = std::min(length, pages.front().length);
    pages.front().length -= taken;
    length -= taken;
    if (pages.front().length > 0) break;
    was_full |= full();
    pages.pop_front();
  }
  return was_full;
}

int PipeBuffer::Resize(int64_t size) {
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (size < 0 || size > kLargest) return -EINVAL;
  const size_t wanted = std::bit_ceil(std::max(static_cast<size_t>(size), kPage)) / kPage;
  if (wanted > most_pages && wanted > kMostPages) return -EPERM;
  if (wanted < pages.size()) return -EBUSY;
  most_pages = wanted;
  return this->size();
}

PipeReader::PipeReader(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer)
    : scheduler_(scheduler), buffer_(std::move(buffer)) {
  buffer_->readers_queue = &waiters();
}

short PipeReader::Ready() const {
  short events = 0;
  if (!buffer_->bytes.empty()) events |= POLLIN | POLLRDNORM;
  if (buffer_->writers_queue == nullptr) events |= POLLHUP;
  return events;
}

int64_t PipeReader::Read(Buffers buffers, size_t offset, size_t length, int) {
  if (length == 0) return 0;
  if (buffer_->bytes.empty()) return buffer_->writers_queue == nullptr ? 0 : -EAGAIN;
  const lab::Payload taken = buffer_->bytes.Slice(0, length);
  Scatter(taken, buffers, offset);
  const bool was_full = buffer_->Consume(taken.size());
  // Before that nobody waited for room, and to edge-triggered epoll it is no news.
  if (was_full && buffer_->writers_queue != nullptr) buffer_->writers_queue->Wake(scheduler_, POLLOUT | POLLWRNORM);
  return static_cast<int64_t>(taken.size());
}

void PipeReader::Release() {
  buffer_->readers_queue = nullptr;
  if (buffer_->writers_queue != nullptr) buffer_->writers_queue->Wake(scheduler_, WaitQueue::kAnything);
}

int PipeReader::access_mode() const { return O_RDONLY; }

PipeWriter::PipeWriter(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer)
    : scheduler_(scheduler), buffer_(std::move(buffer)) {
  buffer_->writers_queue = &waiters();
}

short PipeWriter::Ready() const {
  short events = 0;
  if (!buffer_->full()) events |= POLLOUT | POLLWRNORM;
  if (buffer_->readers_queue == nullptr) events |= POLLERR;
  return events;
}

int64_t PipeWriter::Write(Buffers buffers, size_t offset, size_t length, int) {
  if (length == 0) return 0;
  if (buffer_->readers_queue == nullptr) return -EPIPE;
  const size_t room = buffer_->MakeRoom(length);
  if (room > 0) buffer_->bytes.Append(Gather(buffers, offset, room));
  // Linux says so even where nothing was written.
  buffer_->readers_queue->Wake(scheduler_, POLLIN | POLLRDNORM);
  return room > 0 ? static_cast<int64_t>(room) : -EAGAIN;
}

void PipeWriter::WriteAll(std::string_view bytes) {
  if (bytes.empty() || buffer_->readers_queue == nullptr) return;
  buffer_->pages.push_back({bytes.size(), bytes.size()});
  buffer_->bytes.Append(lab::Payload::Copy(bytes));
  buffer_->readers_queue->Wake(scheduler_, POLLIN | POLLRDNORM);
}

void PipeWriter::Release() {
  buffer_->writers_queue = nullptr;
  if (buffer_->readers_queue != nullptr) buffer_->readers_queue->Wake(scheduler_, WaitQueue::kAnything);
}

int PipeWriter::access_mode() const { return O_WRONLY; }

int64_t OutputCollector::Write(Buffers buffers, size_t offset, size_t length, int) {
  const size_t kept = std::min(length, most_ - std::min(kept_->size(), most_));
  if (kept > 0) kept_->append(Gather(buffers, offset, kept).ToString());
  return static_cast<int64_t>(length);
}

int OutputCollector::access_mode() const { return O_WRONLY; }

}  // namespace sim
