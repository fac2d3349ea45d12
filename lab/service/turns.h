// Lets a bounded number go on at a time, the others in the order in which they came.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/status/statusor.h"

namespace lab::service {

class Turns {
 public:
  // One of those that go on, until it is destroyed. The Turns must outlive it.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    Turns* turns_;
  };

  // `most` at a time, at least 1.
  explicit Turns(int most) : free_(most) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Blocks, from any thread, until it is the caller's turn; Cancelled soon after `cancelled`, asked several times a
  // second, says so. `on_waiting` is given how many have to begin before, whenever that changes; never where there is
  // no wait. Both are called by this thread.
  absl::StatusOr<Turn> Take(const std::function<void(uint32_t before)>& on_waiting,
                            const std::function<bool()>& cancelled);

 private:
  using Ticket = uint64_t;

  uint32_t PlaceOf(Ticket ticket) const;
  void Leave(Ticket ticket);
  void GiveBack();

  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  Ticket next_ = 0;
  std::deque<Ticket> waiting_;
};

}  // namespace lab::service
