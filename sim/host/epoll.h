// An epoll descriptor: a list of files, each with what is asked of it, and of those the ones that may have events, in
// the order in which these came. It does as Linux's fs/eventpoll.c does.
#pragma once

#include <sys/epoll.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/intrusive/list.hpp>

#include "absl/container/flat_hash_map.h"
#include "sim/host/file.h"

namespace sim {

class Epoll final : public File {
 public:
  explicit Epoll(Scheduler& scheduler) : scheduler_(scheduler) {}
  ~Epoll() override;

  // epoll_ctl, for the file that is open as `fd`: 0 or a negative errno. The entry goes with the file's last
  // descriptor.
  int Control(int operation, int fd, File& file, const epoll_event& event);

  // Whether the file is on the list; nothing where it can't be modified there.
  std::optional<bool> Holds(int fd, File& file) const;

  // Stores up to `most` events, at least 1, and returns how many. -EFAULT where there are some and `events` is null.
  int Take(epoll_event* events, int most);
  // Those who wait for Take to have something.
  WaitQueue& sleepers() { return sleepers_; }

  short Ready() const override;
  int64_t Read(Buffers, size_t, size_t, int) override { return -EINVAL; }
  int64_t Write(Buffers, size_t, size_t, int) override { return -EINVAL; }
  size_t readable() const override { return 0; }
  void Release() override;
  Epoll* AsEpoll() override { return this; }
  int access_mode() const override;

 private:
  static constexpr int kDeepest = 5;

  using Key = std::pair<int, File*>;
  using Hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

  // A file on the list. It hangs in the file's wait queue as long as it exists.
  class Item final : public Waiter, public Hook {
   public:
    Item(Epoll& epoll, const Key& key, const epoll_event& event);
    ~Item() override;

    short Ready() const { return static_cast<short>(key.second->Ready() & static_cast<short>(event.events)); }

    Epoll& epoll;
    const Key key;
    epoll_event event;

   private:
    bool OnWake(Scheduler& scheduler, short events) override;
    void OnRelease() override;
  };
  using ReadyList = boost::intrusive::list<Item, boost::intrusive::constant_time_size<false>>;

  int Add(const Key& key, const epoll_event& event);
  int Modify(Item& item, const epoll_event& event);
  // Puts the item at the end of the ready list, and says so to those who wait.
  void Enlist(Item& item);
  // How many epoll descriptors the longest way down, or up, goes through, this one included; kDeepest + 1 where those
  // are too many, or the way down comes to `sought`.
  int DepthDownTo(const Epoll& sought, int most) const;
  int DepthUp(int most) const;

  Scheduler& scheduler_;
  // Never iterated where the order could be seen: it is not repeatable.
  absl::flat_hash_map<Key, std::unique_ptr<Item>> items_;
  // Those that may have events; the others have none. Who finds that one has none takes it off, poll too.
  mutable ReadyList ready_;
  WaitQueue sleepers_;
  std::vector<Epoll*> above_;  // those that have this one on their list
};

}  // namespace sim
