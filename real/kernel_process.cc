#include "real/kernel_process.h"

#include <sys/random.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "real/reports.h"

namespace real {
namespace {

timespec ToTimespec(lab::Duration duration) {
  constexpr int64_t kSecond = 1'000'000'000;
  return {static_cast<time_t>(duration.count() / kSecond), static_cast<long>(duration.count() % kSecond)};
}

}  // namespace

lab::Time MonotonicTime() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

KernelProcess::KernelProcess(Options options)
    : options_(std::move(options)),
      ledger_(options_.ledger),
      traced_(*options_.sockets, MonotonicTime, [this](const duet_ledger_entry& entry) { ledger_.Write(entry); }) {}

lab::Time KernelProcess::now() { return MonotonicTime() - options_.world_start; }

void KernelProcess::sleep(lab::Duration duration) {
  if (duration <= lab::Duration::zero()) return;
  duet_ledger_entry entry{};
  entry.call = DUET_CALL_SLEEP;
  entry.arguments[0] = duration.count();
  const lab::Time begin = MonotonicTime();
  const timespec until = ToTimespec(begin + duration);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) continue;
  entry.begin_ns = begin.count();
  entry.end_ns = MonotonicTime().count();
  ledger_.Write(entry);
}

void KernelProcess::random(void* buffer, size_t length) {
  auto* next = static_cast<char*>(buffer);
  while (length > 0) {
    const ssize_t got = getrandom(next, length, 0);
    if (got <= 0) continue;  // a signal came first
    next += got;
    length -= got;
  }
}

void KernelProcess::report(std::string_view key, std::string_view value) { WriteReport(options_.reports, key, value); }

}  // namespace real
