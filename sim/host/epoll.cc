#include "sim/host/epoll.h"

#include <fcntl.h>

#include <algorithm>

namespace sim {
namespace {

// What an entry is asked for beside poll's events. One without any of those is silent, until it is modified.
constexpr uint32_t kPrivate = EPOLLWAKEUP | EPOLLONESHOT | uint32_t{EPOLLET} | EPOLLEXCLUSIVE;
constexpr uint32_t kAllowedWithExclusive =
    EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | uint32_t{EPOLLET} | EPOLLEXCLUSIVE;

}  // namespace

Epoll::Item::Item(Epoll& epoll, const Key& key, const epoll_event& event) : epoll(epoll), key(key), event(event) {
  // What it is asked for may change: OnWake looks at that itself.
  Join(key.second->waiters(), WaitQueue::kAnything, (event.events & EPOLLEXCLUSIVE) != 0);
  if (Epoll* const below = key.second->AsEpoll()) below->above_.push_back(&epoll);
}

Epoll::Item::~Item() {
  Epoll* const below = key.second->AsEpoll();
  if (below != nullptr) below->above_.erase(std::find(below->above_.begin(), below->above_.end(), &epoll));
}

bool Epoll::Item::OnWake(Scheduler&, short events) {
  const bool exclusive = (event.events & EPOLLEXCLUSIVE) != 0;
  if ((event.events & ~kPrivate) == 0 || (static_cast<uint16_t>(events) & event.events) == 0) return !exclusive;
  const bool somebody_sleeps = !epoll.sleepers_.empty();
  epoll.Enlist(*this);
  return !exclusive || somebody_sleeps;
}

void Epoll::Item::OnRelease() { epoll.items_.erase(key); }

Epoll::~Epoll() { items_.clear(); }

void Epoll::Release() { items_.clear(); }

int Epoll::access_mode() const { return O_RDWR; }

void Epoll::Enlist(Item& item) {
  if (!item.is_linked()) ready_.push_back(item);
  sleepers_.Wake(scheduler_, POLLIN);
  waiters().Wake(scheduler_, POLLIN);
}

int Epoll::DepthDownTo(const Epoll& sought, int most) const {
  if (this == &sought || most == 0) return kDeepest + 1;
  int deepest = 0;
  for (const auto& [key, item] : items_) {
    const Epoll* const below = key.second->AsEpoll();
    if (below != nullptr) deepest = std::max(deepest, below->DepthDownTo(sought, most - 1));
  }
  return deepest + 1;
}

int Epoll::DepthUp(int most) const {
  if (most == 0) return kDeepest + 1;
  int highest = 0;
  for (const Epoll* const above : above_) highest = std::max(highest, above->DepthUp(most - 1));
  return highest + 1;
}

int Epoll::Add(const Key& key, const epoll_event& event) {
  const Epoll* const below = key.second->AsEpoll();
  if (below != nullptr && DepthUp(kDeepest) + below->DepthDownTo(*this, kDeepest) > kDeepest) return -ELOOP;
  Item& item = *(items_[key] = std::make_unique<Item>(*this, key, event));
  if (item.Ready() != 0) Enlist(item);
  return 0;
}

int Epoll::Modify(Item& item, const epoll_event& event) {
  if ((item.event.events & EPOLLEXCLUSIVE) != 0) return -EINVAL;
  item.event = event;
  if (item.Ready() != 0 && !item.is_linked()) Enlist(item);
  return 0;
}

int Epoll::Control(int operation, int fd, File& file, const epoll_event& asked) {
  epoll_event event = asked;
  if ((event.events & EPOLLEXCLUSIVE) != 0) {
    if (operation == EPOLL_CTL_MOD) return -EINVAL;
    const bool allowed = file.AsEpoll() == nullptr && (event.events & ~kAllowedWithExclusive) == 0;
    if (operation == EPOLL_CTL_ADD && !allowed) return -EINVAL;
  }
  event.events |= EPOLLERR | EPOLLHUP;
  const Key key(fd, &file);
  const auto found = items_.find(key);
  switch (operation) {
    case EPOLL_CTL_ADD:
      return found != items_.end() ? -EEXIST : Add(key, event);
    case EPOLL_CTL_MOD:
      return found == items_.end() ? -ENOENT : Modify(*found->second, event);
    case EPOLL_CTL_DEL:
      return items_.erase(key) > 0 ? 0 : -ENOENT;
    default:
      return -EINVAL;
  }
}

std::optional<bool> Epoll::Holds(int fd, File& file) const {
  const auto found = items_.find(Key(fd, &file));
  if (found == items_.end()) return false;
  if ((found->second->event.events & EPOLLEXCLUSIVE) != 0) return std::nullopt;
  return true;
}

int Epoll::Take(epoll_event* events, int most) {
  ReadyList scanned;
  scanned.splice(scanned.end(), ready_);
  int taken = 0;
  while (taken < most && !scanned.empty()) {
    Item& item = scanned.front();
    scanned.pop_front();
    const short ready = item.Ready();
    if (ready == 0) continue;
    if (events == nullptr) {
      scanned.push_front(item);
      if (taken == 0) taken = -EFAULT;
      break;
    }
    events[taken++] = {static_cast<uint16_t>(ready), item.event.data};
    if ((item.event.events & EPOLLONESHOT) != 0) {
      item.event.events &= kPrivate;
    } else if ((item.event.events & EPOLLET) == 0) {
      ready_.push_back(item);
    }
  }
  // What there was no room for comes first the next time.
  ready_.splice(ready_.begin(), scanned);
  if (!ready_.empty()) sleepers_.Wake(scheduler_, POLLIN);
  return taken;
}

short Epoll::Ready() const {
  while (!ready_.empty()) {
    if (ready_.front().Ready() != 0) return POLLIN | POLLRDNORM;
    ready_.pop_front();
  }
  return 0;
}

}  // namespace sim
