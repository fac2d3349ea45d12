#include "lab/program/process_timers.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace lab {

Duration UntilMoment(int64_t moment_ns, bool real_time, Time now) {
  if (moment_ns <= 0) return Duration(moment_ns);
  return Duration(std::max<int64_t>(moment_ns - now.count() - (real_time ? DUET_EPOCH_NS : DUET_BOOT_NS), 1));
}

ProcessTimers::ProcessTimers(Interrupt interrupt) : interrupt_(std::move(interrupt)) {
  timers_.back() = {.made = true, .event = {.signal = SIGALRM}};
}

ProcessTimers::~ProcessTimers() {
  if (waiter_ != nullptr) waiter_->End();
}

ProcessTimers::Timer* ProcessTimers::Find(int64_t timer) {
  if (timer == DUET_TIMER_ALARM) return &timers_.back();
  if (timer < 0 || timer >= DUET_CHANNEL_TIMERS) return nullptr;
  Timer& found = timers_[static_cast<size_t>(timer)];
  return found.made ? &found : nullptr;
}

int ProcessTimers::Create(const Event& event) {
  for (int timer = 0; timer < DUET_CHANNEL_TIMERS; ++timer) {
    Timer& made = timers_[static_cast<size_t>(timer)];
    if (made.made) continue;
    made = {.made = true, .event = event};
    return timer;
  }
  return -EAGAIN;
}

bool ProcessTimers::Delete(int64_t timer) {
  Timer* const found = timer == DUET_TIMER_ALARM ? nullptr : Find(timer);
  if (found == nullptr) return false;
  if (found->rests) --resting_;
  *found = {};
  return true;
}

void ProcessTimers::DeleteCreated() {
  for (int timer = 0; timer < DUET_CHANNEL_TIMERS; ++timer) Delete(timer);
}

bool ProcessTimers::real_time(int64_t timer) const {
  return timer >= 0 && timer < DUET_CHANNEL_TIMERS && timers_[static_cast<size_t>(timer)].event.real_time;
}

Thread::Timer ProcessTimers::Timer::Left(Time now) const {
  if (!next.has_value()) return {Duration(0), interval};
  if (*next > now) return {*next - now, interval};
  if (interval == Duration::zero()) return {};
  return {interval - (now - *next) % interval, interval};
}

std::optional<Thread::Timer> ProcessTimers::Set(int64_t timer, const std::optional<Thread::Timer>& setting,
                                                Thread& thread) {
  Timer* const found = Find(timer);
  if (found == nullptr) return std::nullopt;
  const Time now = thread.clock();
  const Thread::Timer before = found->Left(now);
  if (!setting.has_value()) return before;
  if (std::exchange(found->rests, false)) --resting_;
  found->next.reset();
  // Linux forgets the interval of a timer that is disarmed.
  const bool armed = setting->value > Duration::zero();
  found->interval = armed ? setting->interval : Duration::zero();
  if (armed) found->next = now + setting->value;
  if (waiter_ != nullptr) {
    waiter_->Wake();
  } else if (found->next.has_value() && found->event.signal != 0) {
    waiter_ = &thread.Start(Thread::Descriptors::kShared, [this](Thread& waiter) { Wait(waiter); });
  }
  return before;
}

void ProcessTimers::Wait(Thread& thread) {
  thread.LeaveDescriptors();
  const auto waits = [](const Timer& timer) {
    return timer.next.has_value() && !timer.rests && timer.event.signal != 0;
  };
  for (;;) {
    std::optional<Time> next;
    for (const Timer& timer : timers_) {
      if (waits(timer) && (!next.has_value() || *timer.next < *next)) next = timer.next;
    }
    if (thread.Block(next, [] { return std::string(); }) != Thread::Woken::kTimedOut) continue;
    for (Timer& timer : timers_) {
      // It may have been set anew while this thread waited for its turn.
      if (!waits(timer) || *timer.next > thread.clock()) continue;
      timer.rests = true;
      ++resting_;
      interrupt_(timer.event);
    }
  }
}

void ProcessTimers::Collect(int64_t thread, Time now, std::vector<duet_expiry>& expiries) {
  expiries.clear();
  if (resting_ == 0) return;
  for (Timer& timer : timers_) {
    if (!timer.rests || (timer.event.thread != 0 && timer.event.thread != thread)) continue;
    int64_t count = 1;
    if (timer.interval > Duration::zero()) {
      count += (now - *timer.next) / timer.interval;
      *timer.next += timer.interval * count;
    } else {
      timer.next.reset();
    }
    timer.rests = false;
    --resting_;
    const bool alarm = &timer == &timers_.back();
    expiries.push_back({alarm ? int32_t{DUET_TIMER_ALARM} : static_cast<int32_t>(&timer - timers_.data()),
                        timer.event.signal, timer.event.thread != 0,
                        static_cast<int32_t>(std::min<int64_t>(count, INT_MAX))});
  }
  if (!expiries.empty()) waiter_->Wake();
}

}  // namespace lab
