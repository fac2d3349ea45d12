// poll and select of SimSockets.
#include <sys/time.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "sim/host/sim_sockets.h"

namespace sim {
namespace {

// What select asks of a descriptor in each of its three sets: Linux's POLLIN_SET, POLLOUT_SET and POLLEX_SET.
constexpr short kSelected[3] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

// A file that is waited for, and stays even where its descriptor is closed meanwhile, as a process that is killed does.
struct Polled {
  FilePtr file;
  Waiter waiter;
};

}  // namespace

int SimSockets::Scan(pollfd* fds, size_t count, short always) const {
  int ready = 0;
  for (size_t i = 0; i < count; ++i) {
    fds[i].revents = 0;
    if (fds[i].fd < 0) continue;
    const File* const file = descriptors_.Get(fds[i].fd);
    fds[i].revents = file == nullptr ? POLLNVAL
                                     : static_cast<short>(file->Ready() & (fds[i].events | always));
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

int SimSockets::WaitForAny(pollfd* fds, size_t count, short always, std::optional<Time> deadline) {
  for (;;) {
    const int ready = Scan(fds, count, always);
    if (ready > 0 || (deadline && host_.now() >= *deadline)) return ready;
    const auto polled = std::make_unique<Polled[]>(count);
    for (size_t i = 0; i < count; ++i) {
      polled[i].file = descriptors_.Get(fds[i].fd);
      if (polled[i].file == nullptr) continue;
      polled[i].waiter.Join(polled[i].file->waiters(), *host_.engine().scheduler().current(), fds[i].events);
    }
    if (host_.engine().Wait(deadline) == Task::Wakeup::kKilled) return -EBADF;
  }
}

int SimSockets::poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (const int error = Enter()) return Finish(error);
  if (count > DescriptorTable::kMostDescriptors) return Finish(-EINVAL);
  if (fds == nullptr && count > 0) return Finish(-EFAULT);
  std::optional<Time> deadline;
  if (timeout_ms >= 0) deadline = host_.now() + std::chrono::milliseconds(timeout_ms);
  return Finish(WaitForAny(fds, count, POLLERR | POLLHUP, deadline));
}

int SimSockets::Select(int count, fd_set* sets[3], timeval* timeout) {
  if (count < 0) return -EINVAL;
  count = std::min(count, FD_SETSIZE);
  std::optional<Time> deadline;
  if (timeout != nullptr) {
    if (timeout->tv_sec < 0 || timeout->tv_usec < 0) return -EINVAL;
    constexpr time_t kMostSeconds = 1'000'000'000;
    deadline = host_.now() + std::chrono::seconds(std::min(timeout->tv_sec, kMostSeconds)) +
               std::chrono::microseconds(timeout->tv_usec);
  }

  std::vector<pollfd> fds;
  for (int fd = 0; fd < count; ++fd) {
    short events = 0;
    for (size_t i = 0; i < 3; ++i) {
      if (sets[i] != nullptr && FD_ISSET(fd, sets[i])) events |= kSelected[i];
    }
    if (events == 0) continue;
    if (descriptors_.Get(fd) == nullptr) return -EBADF;
    fds.push_back({fd, events, 0});
  }
  if (const int ready = WaitForAny(fds.data(), fds.size(), 0, deadline); ready < 0) return ready;

  int bits = 0;
  for (const pollfd& polled : fds) {
    for (size_t i = 0; i < 3; ++i) {
      if (sets[i] == nullptr || !FD_ISSET(polled.fd, sets[i])) continue;
      if ((polled.revents & kSelected[i]) != 0) {
        ++bits;
      } else {
        FD_CLR(polled.fd, sets[i]);
      }
    }
  }
  if (timeout != nullptr) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        std::max(Duration::zero(), *deadline - host_.now()));
    *timeout = {left.count() / 1'000'000, left.count() % 1'000'000};
  }
  return bits;
}

int SimSockets::select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  if (const int error = Enter()) return Finish(error);
  fd_set* sets[3] = {readable, writable, exceptional};
  return Finish(Select(count, sets, timeout));
}

}  // namespace sim
