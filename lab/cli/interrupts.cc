#include "lab/cli/interrupts.h"

#include <signal.h>

#include <utility>

namespace lab::cli {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { Listen(); });
}

Interrupts::~Interrupts() {
  stop_ = true;
  thread_.join();
}

void Interrupts::OnInterrupt(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  action_ = std::move(action);
  if (signal_ != 0 && action_) action_();
}

void Interrupts::Listen() {
  const sigset_t signals = Signals();
  while (!stop_) {
    const timespec tick{0, 50'000'000};
    const int signal = sigtimedwait(&signals, nullptr, &tick);
    if (signal <= 0) continue;
    const std::lock_guard lock(mutex_);
    int none = 0;
    signal_.compare_exchange_strong(none, signal);
    if (action_) action_();
  }
}

}  // namespace lab::cli
