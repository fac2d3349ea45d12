#include "sim/host/pipe.h"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>

namespace sim {

PipeReader::PipeReader(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer)
    : scheduler_(scheduler), buffer_(std::move(buffer)) {
  buffer_->readers_queue = &waiters();
}

FilePtr PipeReader::Ended(Scheduler& scheduler, std::string_view bytes) {
  auto buffer = std::make_shared<PipeBuffer>();
  buffer->bytes = lab::Payload::Copy(bytes);
  return FilePtr(new PipeReader(scheduler, std::move(buffer)));
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
  buffer_->bytes.RemovePrefix(taken.size());
  Scatter(taken, buffers, offset);
  if (buffer_->writers_queue != nullptr) buffer_->writers_queue->Wake(scheduler_, POLLOUT);
  return static_cast<int64_t>(taken.size());
}

void PipeReader::Release() {
  buffer_->readers_queue = nullptr;
  if (buffer_->writers_queue != nullptr) buffer_->writers_queue->Wake(scheduler_, POLLOUT | POLLERR);
}

int PipeReader::access_mode() const { return O_RDONLY; }

PipeWriter::PipeWriter(Scheduler& scheduler, std::shared_ptr<PipeBuffer> buffer)
    : scheduler_(scheduler), buffer_(std::move(buffer)) {
  buffer_->writers_queue = &waiters();
}

short PipeWriter::Ready() const {
  if (buffer_->readers_queue == nullptr) return POLLOUT | POLLWRNORM | POLLERR;
  return buffer_->bytes.size() + PIPE_BUF <= PipeBuffer::kCapacity ? POLLOUT | POLLWRNORM : 0;
}

int64_t PipeWriter::Write(Buffers buffers, size_t offset, size_t length, int) {
  if (buffer_->readers_queue == nullptr) return -EPIPE;
  const size_t space = PipeBuffer::kCapacity - std::min(buffer_->bytes.size(), PipeBuffer::kCapacity);
  if (space == 0 || (length <= PIPE_BUF && space < length)) return length == 0 ? 0 : -EAGAIN;
  const lab::Payload bytes = Gather(buffers, offset, std::min(length, space));
  buffer_->bytes.Append(bytes);
  buffer_->readers_queue->Wake(scheduler_, POLLIN);
  return static_cast<int64_t>(bytes.size());
}

void PipeWriter::Release() {
  buffer_->writers_queue = nullptr;
  if (buffer_->readers_queue != nullptr) buffer_->readers_queue->Wake(scheduler_, POLLIN | POLLHUP);
}

int PipeWriter::access_mode() const { return O_WRONLY; }

int64_t OutputCollector::Write(Buffers buffers, size_t offset, size_t length, int) {
  const size_t kept = std::min(length, most_ - std::min(kept_->size(), most_));
  if (kept > 0) kept_->append(Gather(buffers, offset, kept).ToString());
  return static_cast<int64_t>(length);
}

int OutputCollector::access_mode() const { return O_WRONLY; }

}  // namespace sim
