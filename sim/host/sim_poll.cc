// poll, select and epoll of SimSockets.
#include <sys/time.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <vector>

#include "sim/host/epoll.h"
#include "sim/host/sim_sockets.h"

namespace sim {
namespace {

// What select asks of a descriptor in each of its three sets: Linux's POLLIN_SET, POLLOUT_SET and POLLEX_SET. One that
// was closed meanwhile is in all of them.
constexpr short kSelected[3] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR | POLLNVAL,
                                POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR | POLLNVAL, POLLPRI | POLLNVAL};

// A file that is waited for, and stays even where its descriptor is closed meanwhile, as a process that is killed does.
struct Polled {
  FilePtr file;
  std::optional<TaskWaiter> waiter;
};

// What poll, select and epoll_wait take for how long they may wait; nothing where the limit is none.
int DeadlineOf(const timespec* timeout, Time now, std::optional<Time>& deadline) {
  constexpr time_t kMostSeconds = 1'000'000'000;
  if (timeout == nullptr) return 0;
  if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1'000'000'000) return -EINVAL;
  deadline = now + std::chrono::seconds(std::min(timeout->tv_sec, kMostSeconds)) +
             std::chrono::nanoseconds(timeout->tv_nsec);
  return 0;
}

std::optional<Time> DeadlineOf(int timeout_ms, Time now) {
  if (timeout_ms < 0) return std::nullopt;
  return now + std::chrono::milliseconds(timeout_ms);
}

}  // namespace

int SimSockets::Scan(pollfd* fds, size_t count, short always) const {
  int ready = 0;
  for (size_t i = 0; i < count; ++i) {
    fds[i].revents = 0;
    if (fds[i].fd < 0) continue;
    const File* const file = table_->Get(fds[i].fd);
    fds[i].revents = file == nullptr ? POLLNVAL
                                     : static_cast<short>(file->Ready() & (fds[i].events | always));
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

int SimSockets::WaitForAny(pollfd* fds, size_t count, short always, short woken_by,
                             std::optional<Time> deadline) {
  // As in Linux the files of the beginning wake it, and then it looks at what the descriptors have come to mean.
  std::vector<Polled> polled;
  for (;;) {
    const int ready = Scan(fds, count, always);
    if (ready > 0 || (deadline && host_.now() >= *deadline)) return ready;
    if (polled.empty()) {
      polled = std::vector<Polled>(count);
      for (size_t i = 0; i < count; ++i) polled[i].file = table_->Get(fds[i].fd);
    }
    for (size_t i = 0; i < count; ++i) {
      if (polled[i].file == nullptr) continue;
      const auto events = static_cast<short>(fds[i].events | woken_by);
      polled[i].waiter.emplace(host_.engine().scheduler()).Join(polled[i].file->waiters(), events);
    }
    switch (host_.engine().WaitInterruptibly(deadline)) {
      case Task::Wakeup::kInterrupted: return -EINTR;
      case Task::Wakeup::kKilled: return -EBADF;
      default: break;
    }
  }
}

int SimSockets::Poll(pollfd* fds, nfds_t count, std::optional<Time> deadline) {
  if (count > DescriptorTable::kMostDescriptors) return -EINVAL;
  if (fds == nullptr && count > 0) return -EFAULT;
  return WaitForAny(fds, count, POLLERR | POLLHUP, 0, deadline);
}

int SimSockets::poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (const int error = Enter()) return Finish(error);
  return Finish(Poll(fds, count, DeadlineOf(timeout_ms, host_.now())));
}

int SimSockets::ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t*) {
  std::optional<Time> deadline;
  int error = Enter();
  if (error == 0) error = DeadlineOf(timeout, host_.now(), deadline);
  return Finish(error != 0 ? error : Poll(fds, count, deadline));
}

int SimSockets::Select(int count, fd_set* sets[3], std::optional<Time> deadline) {
  if (count < 0) return -EINVAL;
  count = std::min(count, FD_SETSIZE);
  std::vector<pollfd> fds;
  for (int fd = 0; fd < count; ++fd) {
    short events = 0;
    for (size_t i = 0; i < 3; ++i) {
      if (sets[i] != nullptr && FD_ISSET(fd, sets[i])) events |= kSelected[i];
    }
    if (events == 0) continue;
    if (table_->Get(fd) == nullptr && !table_->reserved(fd)) return -EBADF;
    fds.push_back({fd, events, 0});
  }
  if (const int ready = WaitForAny(fds.data(), fds.size(), 0, POLLPRI, deadline); ready < 0) return ready;

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
  return bits;
}

int SimSockets::select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  if (const int error = Enter()) return Finish(error);
  std::optional<Time> deadline;
  if (timeout != nullptr) {
    // A timeval may have more than a second of microseconds.
    if (timeout->tv_usec < 0) return Finish(-EINVAL);
    const timespec limit{timeout->tv_sec + timeout->tv_usec / 1'000'000, timeout->tv_usec % 1'000'000 * 1'000};
    if (const int error = DeadlineOf(&limit, host_.now(), deadline)) return Finish(error);
  }
  fd_set* sets[3] = {readable, writable, exceptional};
  const int ready = Select(count, sets, deadline);
  if (timeout != nullptr) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        std::max(Duration::zero(), *deadline - host_.now()));
    *timeout = {left.count() / 1'000'000, left.count() % 1'000'000};
  }
  return Finish(ready);
}

int SimSockets::pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
                        const sigset_t*) {
  std::optional<Time> deadline;
  int error = Enter();
  if (error == 0) error = DeadlineOf(timeout, host_.now(), deadline);
  fd_set* sets[3] = {readable, writable, exceptional};
  return Finish(error != 0 ? error : Select(count, sets, deadline));
}

int SimSockets::epoll_create1(int flags) {
  if (const int error = Enter()) return Finish(error);
  if ((flags & ~EPOLL_CLOEXEC) != 0) return Finish(-EINVAL);
  return Finish(Add(FilePtr(new Epoll(host_.engine().scheduler())), flags != 0));
}

int SimSockets::epoll_ctl(int epfd, int operation, int fd, epoll_event* event) {
  if (const int error = Enter()) return Finish(error);
  const bool wants_event = operation != EPOLL_CTL_DEL;
  if (wants_event && event == nullptr) return Finish(-EFAULT);
  FilePtr epoll;
  FilePtr file;
  if (const int error = Find(epfd, epoll)) return Finish(error);
  if (const int error = Find(fd, file)) return Finish(error);
  if (epoll == file || epoll->AsEpoll() == nullptr) return Finish(-EINVAL);
  return Finish(epoll->AsEpoll()->Control(operation, fd, *file, wants_event ? *event : epoll_event{}));
}

int SimSockets::EpollWait(int epfd, epoll_event* events, int most, std::optional<Time> deadline) {
  FilePtr file;
  if (const int error = Find(epfd, file)) return error;
  constexpr int kMostEvents = INT_MAX / static_cast<int>(sizeof(epoll_event));
  if (most <= 0 || most > kMostEvents) return -EINVAL;
  Epoll* const epoll = file->AsEpoll();
  if (epoll == nullptr) return -EINVAL;
  for (;;) {
    const int taken = epoll->Take(events, most);
    if (taken != 0 || (deadline && host_.now() >= *deadline)) return taken;
    TaskWaiter waiter(host_.engine().scheduler());
    waiter.Join(epoll->sleepers(), POLLIN, /*exclusive=*/true);
    switch (host_.engine().WaitInterruptibly(deadline)) {
      case Task::Wakeup::kInterrupted: return -EINTR;
      case Task::Wakeup::kKilled: return -EBADF;
      default: break;
    }
  }
}

int SimSockets::epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) {
  if (const int error = Enter()) return Finish(error);
  return Finish(EpollWait(epfd, events, most, DeadlineOf(timeout_ms, host_.now())));
}

int SimSockets::epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t*) {
  return epoll_wait(epfd, events, most, timeout_ms);
}

int SimSockets::epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout, const sigset_t*) {
  std::optional<Time> deadline;
  int error = Enter();
  if (error == 0) error = DeadlineOf(timeout, host_.now(), deadline);
  return Finish(error != 0 ? error : EpollWait(epfd, events, most, deadline));
}

}  // namespace sim
