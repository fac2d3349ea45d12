#include "sim/host/flow.h"

#include <algorithm>
#include <utility>

#include "sim/host/host.h"

namespace sim {

Flow::~Flow() { SetAwaitsProbe(false); }

void Flow::ClaimPort(Reuse reuse, bool by_connect) {
  port_ = host_.ports().Share(connection_.local(), reuse, by_connect);
}

void Flow::SetReuse(Reuse reuse) {
  if (port_ != nullptr) port_ = host_.ports().ShareAnew(*port_, reuse);
}

void Flow::OnSegment(const lab::Packet& segment) {
  const FlowPtr self(this);
  if (owner_ != nullptr && !owner_->Admits(*this, segment)) return;
  connection_.OnSegment(host_.now(), segment);
  Settle();
}

void Flow::OnTime() {
  const FlowPtr self(this);
  connection_.OnTimer(host_.now());
  Settle();
}

void Flow::Send() {
  while (connection_.NextSegment(host_.now(), host_.network().NextParcel().packet)) {
    if (!silent_) host_.TransmitNext();
  }
  SetTimer();
  SetAwaitsProbe(connection_.AwaitsProbe());
}

void Flow::Settle() {
  const FlowPtr self(this);
  Send();
  if (owner_ != nullptr) owner_->OnChange(*this);
  if (connection_.state() == tcp::State::kClosed) host_.Forget(*this);
}

void Flow::Retire() {
  const FlowPtr self(this);
  owner_ = nullptr;
  Cancel();
  SetAwaitsProbe(false);
  host_.Forget(*this);
}

void Flow::SetAwaitsProbe(bool awaits) {
  if (awaits == std::exchange(awaits_probe_, awaits)) return;
  Engine& engine = host_.engine();
  awaits ? engine.AddBackgroundReason() : engine.RemoveBackgroundReason();
}

void Flow::SetTimer() {
  const std::optional<Time> deadline = connection_.Deadline();
  if (!deadline) return Cancel();
  const bool matters = connection_.DeadlineMatters();
  // Every segment moves the deadline, mostly on. An event that comes too soon finds nothing due, and is set again.
  if (scheduled() && time() <= *deadline && visible() == matters) return;
  // A deadline that has passed is due at once.
  host_.engine().events().Schedule(*this, std::max(*deadline, host_.now()),
                                   matters ? EventQueue::Weight::kVisible : EventQueue::Weight::kBackground);
}

}  // namespace sim
