// Ctrl-C and its like as a call, so that what is under way can be ended in order.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

namespace lab::cli {

// From its making on, SIGINT, SIGTERM and SIGHUP no longer end this process. Make it before any other thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();

  // Calls `action` on another thread when a signal comes, or at once if one has. nullptr: nothing is to be ended any
  // more; returns when no action is running.
  void OnInterrupt(std::function<void()> action);

  // The first signal that came, or 0.
  int signal() const { return signal_; }

 private:
  void Listen();

  std::atomic<int> signal_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::function<void()> action_;
  std::thread thread_;
};

}  // namespace lab::cli
