// The requests that wait for several descriptors at once.
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "lab/program/call_server.h"

namespace lab {
namespace {

// How long a call may wait, in nanoseconds as a request says it: negative for ever.
class TimeLimit {
 public:
  explicit TimeLimit(int64_t timeout_ns)
      : endless_(timeout_ns < 0), time_{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000} {}
  const timespec* get() const { return endless_ ? nullptr : &time_; }

 private:
  bool endless_;
  timespec time_;
};

}  // namespace

int64_t CallServer::Poll(const CarriedRequest& request, CarriedAnswer& answer) {
  std::vector<pollfd> fds(request.data.size() / sizeof(pollfd));
  if (fds.size() > DUET_CHANNEL_DESCRIPTORS) return -EINVAL;
  if (!fds.empty()) std::memcpy(fds.data(), request.data.data(), fds.size() * sizeof(pollfd));
  const TimeLimit limit(request.arguments[1]);
  const int result = process_.sockets().ppoll(fds.data(), fds.size(), limit.get(), nullptr);
  if (result < 0) return -errno;
  const auto* bytes = reinterpret_cast<const uint8_t*>(fds.data());
  answer.data.assign(bytes, bytes + fds.size() * sizeof(pollfd));
  return result;
}

int64_t CallServer::Select(const CarriedRequest& request, CarriedAnswer& answer) {
  constexpr int64_t kSecond = 1'000'000'000;
  static_assert(sizeof(fd_set) == DUET_CHANNEL_SET);
  fd_set sets[3];
  if (request.data.size() != sizeof(sets)) return -EINVAL;
  std::memcpy(sets, request.data.data(), sizeof(sets));
  const int64_t timeout_ns = std::min(request.arguments[1], INT64_MAX - kSecond);
  const int64_t timeout_us = timeout_ns / 1000 + (timeout_ns % 1000 > 0 ? 1 : 0);
  timeval left = {timeout_us / 1'000'000, timeout_us % 1'000'000};
  const int ready = process_.sockets().select(Int(request.arguments[0]), &sets[0], &sets[1], &sets[2],
                                              timeout_ns < 0 ? nullptr : &left);
  if (ready < 0) return -errno;
  answer.argument = timeout_ns < 0 ? -1 : left.tv_sec * kSecond + left.tv_usec * 1000;
  const auto* bytes = reinterpret_cast<const uint8_t*>(sets);
  answer.data.assign(bytes, bytes + sizeof(sets));
  return ready;
}

int64_t CallServer::EpollCreate(const CarriedRequest& request, CarriedAnswer&) {
  return Make(request.arguments[3], {}, [&] { return process_.sockets().epoll_create1(Int(request.arguments[0])); });
}

void CallServer::NoteChange(int epfd, int fd) {
  if (!DescriptorKinds::Valid(fd)) return;
  for (auto& other : changed_) {
    if (other.second % DUET_CHANNEL_LEASES != fd % DUET_CHANNEL_LEASES) continue;
    other = {epfd, fd};
    return;
  }
  changed_.emplace_back(epfd, fd);
}

uint32_t CallServer::StateOnList(int epfd, int fd) const {
  const std::optional<bool> on = process_.OnEpollList(epfd, fd);
  return !on.has_value() ? DUET_EPOLL_UNKNOWN : *on ? DUET_EPOLL_ON : DUET_EPOLL_OFF;
}

void CallServer::ChangeLeased(const CarriedRequest& request) {
  duet_epoll_change change;
  if (request.data.size() != sizeof(change)) return;
  std::memcpy(&change, request.data.data(), sizeof(change));
  const int64_t operation = request.arguments[1];
  const uint32_t state = StateOnList(Int(request.arguments[0]), change.fd);
  const bool allowed = operation == EPOLL_CTL_ADD ? state == DUET_EPOLL_OFF
                                                  : (operation == EPOLL_CTL_MOD || operation == EPOLL_CTL_DEL) &&
                                                        state == DUET_EPOLL_ON;
  if (!allowed || (change.events & ~static_cast<uint32_t>(DUET_LEASED_EVENTS)) != 0) return;
  epoll_event event{};
  event.events = change.events;
  event.data.u64 = change.data;
  process_.sockets().epoll_ctl(Int(request.arguments[0]), Int(operation), change.fd, &event);
}

int64_t CallServer::EpollControl(const CarriedRequest& request, CarriedAnswer&) {
  const int epfd = Int(request.arguments[0]);
  const int fd = Int(request.arguments[2]);
  NoteChange(epfd, fd);
  epoll_event event{};
  const bool has_event = request.data.size() == sizeof(event);
  if (has_event) std::memcpy(&event, request.data.data(), sizeof(event));
  return ResultOf(
      process_.sockets().epoll_ctl(epfd, Int(request.arguments[1]), fd, has_event ? &event : nullptr));
}

int64_t CallServer::EpollWait(const CarriedRequest& request, CarriedAnswer& answer) {
  constexpr int kMostEvents = DUET_CHANNEL_DATA / sizeof(epoll_event);
  constexpr int kMostOfAll = INT_MAX / static_cast<int>(sizeof(epoll_event));
  const int asked = Int(request.arguments[1]);
  // More than that is an error, and for Sockets to tell.
  const int most = asked <= kMostOfAll ? std::min(asked, kMostEvents) : asked;
  std::vector<epoll_event> events(static_cast<size_t>(std::clamp(most, 0, kMostEvents)));
  const TimeLimit limit(request.arguments[2]);
  const int result =
      process_.sockets().epoll_pwait2(Int(request.arguments[0]), events.data(), most, limit.get(), nullptr);
  if (result < 0) return -errno;
  const auto* bytes = reinterpret_cast<const uint8_t*>(events.data());
  answer.data.assign(bytes, bytes + static_cast<size_t>(result) * sizeof(epoll_event));
  return result;
}

}  // namespace lab
