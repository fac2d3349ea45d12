#include "lab/service/turns.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/status/status.h"

namespace lab::service {
namespace {

constexpr std::chrono::milliseconds kAskAgain{50};

}  // namespace

Turns::Turn::~Turn() {
  if (turns_ != nullptr) turns_->GiveBack();
}

absl::StatusOr<Turns::Turn> Turns::Take(const std::function<void(uint32_t)>& on_waiting,
                                        const std::function<bool()>& cancelled) {
  std::unique_lock lock(mutex_);
  const Ticket ticket = next_++;
  waiting_.push_back(ticket);
  std::optional<uint32_t> said;
  while (true) {
    const uint32_t before = PlaceOf(ticket);
    if (before == 0 && free_ > 0) break;
    lock.unlock();
    if (said != before) on_waiting(before);
    said = before;
    const bool given_up = cancelled();
    lock.lock();
    if (given_up) {
      Leave(ticket);
      return absl::CancelledError("cancelled");
    }
    if (PlaceOf(ticket) == before) changed_.wait_for(lock, kAskAgain);
  }
  Leave(ticket);
  --free_;
  return Turn(*this);
}

// How many wait before it.
uint32_t Turns::PlaceOf(Ticket ticket) const {
  return static_cast<uint32_t>(std::find(waiting_.begin(), waiting_.end(), ticket) - waiting_.begin());
}

void Turns::Leave(Ticket ticket) {
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), ticket));
  changed_.notify_all();
}

void Turns::GiveBack() {
  const std::lock_guard lock(mutex_);
  ++free_;
  changed_.notify_all();
}

}  // namespace lab::service
