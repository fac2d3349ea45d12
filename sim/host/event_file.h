// What eventfd and timerfd_create make: a number that is read, and that waits to be more than 0.
#pragma once

#include "sim/engine/engine.h"
#include "sim/host/file.h"

namespace sim {

// A counter: writing adds to it, reading takes all of it, or 1 of a semaphore.
class EventFile final : public File {
 public:
  EventFile(Scheduler& scheduler, uint64_t value, bool semaphore)
      : scheduler_(scheduler), value_(value), semaphore_(semaphore) {}

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  size_t readable() const override { return 0; }
  void Release() override {}
  int access_mode() const override;

 private:
  Scheduler& scheduler_;
  uint64_t value_;
  const bool semaphore_;
};

// A timer: reading takes how often it has expired. Between expirations that nobody has read nothing happens, however
// short its interval.
class TimerFile final : public File, private Event {
 public:
  explicit TimerFile(Engine& engine) : engine_(engine) {}

  // Zero: never; of the interval: once.
  struct Setting {
    Duration value{0};
    Duration interval{0};
  };
  void Set(const Setting& setting);
  Setting Get() const;

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers, size_t, size_t, int) override { return -EINVAL; }
  size_t readable() const override { return 0; }
  void Release() override { Cancel(); }
  TimerFile* AsTimer() override { return this; }
  int access_mode() const override;

 private:
  void OnTime() override;

  Engine& engine_;
  Time next_{0};  // the first expiration that nobody has read
  Duration interval_{0};
  bool armed_ = false;
};

}  // namespace sim
