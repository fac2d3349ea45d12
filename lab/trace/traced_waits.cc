// The calls of TracedSockets that wait for several descriptors.
#include <algorithm>
#include <cstring>

#include "lab/trace/traced_sockets.h"

namespace lab {
namespace {

constexpr size_t kMostPolled = DUET_LEDGER_DATA / sizeof(pollfd);

int64_t ToMilliseconds(const timeval* timeout) {
  return timeout == nullptr ? -1 : int64_t{timeout->tv_sec} * 1000 + timeout->tv_usec / 1000;
}

int64_t ToMilliseconds(const timespec* timeout) {
  return timeout == nullptr ? -1 : int64_t{timeout->tv_sec} * 1000 + timeout->tv_nsec / 1'000'000;
}

void StorePolled(const pollfd* fds, size_t count, bool answered, duet_ledger_entry& entry) {
  // More than any process may have open the call refuses unread.
  constexpr size_t kMostAsked = 1u << 20;
  const size_t kept = fds == nullptr || count > kMostAsked ? 0 : std::min(count, kMostPolled);
  pollfd copies[kMostPolled];
  std::copy_n(fds, kept, copies);
  if (!answered) {
    for (pollfd& copy : copies) copy.revents = 0;
  }
  std::memcpy(entry.data, copies, kept * sizeof(pollfd));
  entry.data_length = static_cast<uint16_t>(kept * sizeof(pollfd));
}

// What select is asked about, and what it answers, as poll would have it.
class SelectedSets {
 public:
  SelectedSets(int count, const fd_set* readable, const fd_set* writable, const fd_set* exceptional)
      : readable_(readable), writable_(writable), exceptional_(exceptional) {
    for (int fd = 0; fd < std::min(count, int{FD_SETSIZE}) && kept_ < kMostPolled; ++fd) {
      if (const short events = EventsOf(fd)) polled_[kept_++] = {fd, events, 0};
    }
  }

  void Store(bool answered, duet_ledger_entry& entry) {
    for (size_t i = 0; answered && i < kept_; ++i) polled_[i].revents = EventsOf(polled_[i].fd);
    StorePolled(polled_, kept_, answered, entry);
  }

 private:
  short EventsOf(int fd) const {
    short events = 0;
    if (readable_ != nullptr && FD_ISSET(fd, readable_)) events |= POLLIN;
    if (writable_ != nullptr && FD_ISSET(fd, writable_)) events |= POLLOUT;
    if (exceptional_ != nullptr && FD_ISSET(fd, exceptional_)) events |= POLLPRI;
    return events;
  }

  const fd_set* readable_;
  const fd_set* writable_;
  const fd_set* exceptional_;
  pollfd polled_[kMostPolled];
  size_t kept_ = 0;
};

}  // namespace

int TracedSockets::EndPoll(const pollfd* fds, size_t count, int result) {
  if (result >= 0) StorePolled(fds, count, true, *pending_);
  return End(result);
}

int TracedSockets::poll(pollfd* fds, nfds_t count, int timeout_ms) {
  Begin(DUET_CALL_POLL, static_cast<int64_t>(count), timeout_ms);
  StorePolled(fds, count, false, *pending_);
  return EndPoll(fds, count, inner_.poll(fds, count, timeout_ms));
}

int TracedSockets::ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  Begin(DUET_CALL_POLL, static_cast<int64_t>(count), ToMilliseconds(timeout));
  StorePolled(fds, count, false, *pending_);
  return EndPoll(fds, count, inner_.ppoll(fds, count, timeout, mask));
}

int TracedSockets::select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, timeval* timeout) {
  Begin(DUET_CALL_SELECT, count, ToMilliseconds(timeout));
  SelectedSets sets(count, readable, writable, exceptional);
  sets.Store(false, *pending_);
  const int result = inner_.select(count, readable, writable, exceptional, timeout);
  if (result >= 0) sets.Store(true, *pending_);
  return End(result);
}

int TracedSockets::pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, const timespec* timeout,
                           const sigset_t* mask) {
  Begin(DUET_CALL_SELECT, count, ToMilliseconds(timeout));
  SelectedSets sets(count, readable, writable, exceptional);
  sets.Store(false, *pending_);
  const int result = inner_.pselect(count, readable, writable, exceptional, timeout, mask);
  if (result >= 0) sets.Store(true, *pending_);
  return End(result);
}

int TracedSockets::epoll_create1(int flags) {
  Begin(DUET_CALL_EPOLL_CREATE, flags);
  return End(inner_.epoll_create1(flags));
}

int TracedSockets::epoll_ctl(int epfd, int operation, int fd, epoll_event* event) {
  Begin(DUET_CALL_EPOLL_CTL, epfd, operation, fd, event != nullptr ? event->events : 0);
  return End(inner_.epoll_ctl(epfd, operation, fd, event));
}

int TracedSockets::EndEpoll(const epoll_event* events, int result) {
  pollfd answers[kMostPolled];
  const size_t kept = std::min(static_cast<size_t>(std::max(result, 0)), kMostPolled);
  for (size_t i = 0; i < kept; ++i) answers[i] = {events[i].data.fd, 0, static_cast<short>(events[i].events)};
  StorePolled(answers, kept, true, *pending_);
  return End(result);
}

int TracedSockets::epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) {
  Begin(DUET_CALL_EPOLL_WAIT, epfd, most, timeout_ms);
  return EndEpoll(events, inner_.epoll_wait(epfd, events, most, timeout_ms));
}

int TracedSockets::epoll_pwait(int epfd, epoll_event* events, int most, int timeout_ms, const sigset_t* mask) {
  Begin(DUET_CALL_EPOLL_WAIT, epfd, most, timeout_ms);
  return EndEpoll(events, inner_.epoll_pwait(epfd, events, most, timeout_ms, mask));
}

int TracedSockets::epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* timeout,
                                const sigset_t* mask) {
  Begin(DUET_CALL_EPOLL_WAIT, epfd, most, ToMilliseconds(timeout));
  return EndEpoll(events, inner_.epoll_pwait2(epfd, events, most, timeout, mask));
}

}  // namespace lab
