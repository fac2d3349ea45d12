#include "sim/host/event_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace sim {
namespace {

// Of the number that such a file is read and written by, at the beginning of `buffers` alone.
int64_t Check(size_t offset, size_t length) { return offset == 0 && length >= sizeof(uint64_t) ? 0 : -EINVAL; }

int64_t Give(Buffers buffers, uint64_t value) {
  Scatter(lab::Payload::Copy({reinterpret_cast<const char*>(&value), sizeof(value)}), buffers, 0);
  return sizeof(value);
}

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max() - 1;

}  // namespace

short EventFile::Ready() const {
  short events = 0;
  if (value_ > 0) events |= POLLIN | POLLRDNORM;
  if (value_ < kMost) events |= POLLOUT | POLLWRNORM;
  return events;
}

int64_t EventFile::Read(Buffers buffers, size_t offset, size_t length, int) {
  if (const int64_t bad = Check(offset, length)) return bad;
  if (value_ == 0) return -EAGAIN;
  const uint64_t taken = semaphore_ ? 1 : value_;
  value_ -= taken;
  waiters().Wake(scheduler_, POLLOUT | POLLWRNORM);
  return Give(buffers, taken);
}

int64_t EventFile::Write(Buffers buffers, size_t offset, size_t length, int) {
  if (const int64_t bad = Check(offset, length)) return bad;
  uint64_t added;
  const std::string bytes = Gather(buffers, 0, sizeof(added)).ToString();
  std::memcpy(&added, bytes.data(), sizeof(added));
  if (added > kMost) return -EINVAL;
  if (added > kMost - value_) return -EAGAIN;
  value_ += added;
  if (added > 0) waiters().Wake(scheduler_, POLLIN | POLLRDNORM);
  return sizeof(added);
}

int EventFile::access_mode() const { return O_RDWR; }

void TimerFile::Set(const Setting& setting) {
  armed_ = setting.value > Duration::zero();
  interval_ = setting.interval;
  next_ = engine_.now() + setting.value;
  Cancel();
  if (armed_) engine_.events().Schedule(*this, next_);
}

TimerFile::Setting TimerFile::Get() const {
  if (!armed_) return {Duration::zero(), interval_};
  Duration left = next_ - engine_.now();
  if (left <= Duration::zero()) {
    left = interval_ > Duration::zero() ? interval_ - (-left % interval_) : Duration::zero();
  }
  return {left, interval_};
}

void TimerFile::OnTime() { waiters().Wake(engine_.scheduler(), POLLIN | POLLRDNORM); }

short TimerFile::Ready() const { return armed_ && next_ <= engine_.now() ? POLLIN | POLLRDNORM : 0; }

int64_t TimerFile::Read(Buffers buffers, size_t offset, size_t length, int) {
  if (const int64_t bad = Check(offset, length)) return bad;
  if (Ready() == 0) return -EAGAIN;
  uint64_t expirations = 1;
  if (interval_ > Duration::zero()) {
    expirations += static_cast<uint64_t>((engine_.now() - next_) / interval_);
    next_ += interval_ * static_cast<int64_t>(expirations);
    engine_.events().Schedule(*this, next_);
  } else {
    armed_ = false;
  }
  return Give(buffers, expirations);
}

int TimerFile::access_mode() const { return O_RDONLY; }

}  // namespace sim
