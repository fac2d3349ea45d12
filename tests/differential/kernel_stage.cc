#include "tests/differential/kernel_stage.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace differential {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// How long the stage sleeps at most before it looks again.
constexpr std::chrono::nanoseconds kGlance = 20us;
// A limit for what a sound kernel does in microseconds.
constexpr std::chrono::seconds kLimit = 60s;
// Longer than an acknowledgement is delayed.
constexpr std::chrono::milliseconds kDelayedAck = 60ms;

void Sleep(std::atomic<uint32_t>& word, uint32_t value, std::chrono::nanoseconds most) {
  const timespec timeout{0, most.count()};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, most.count() > 0 ? &timeout : nullptr, nullptr, 0);
}

void Wake(std::atomic<uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0); }

// An actor is an ordinary user's thread: no port below 1024 for it.
void DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (syscall(SYS_capset, &header, none) != 0) abort();
}

void CloseDescriptors() {
  if (close_range(3, ~0u, 0) != 0) abort();
}

}  // namespace

// A thread that waits for jobs, in a process as described above.
class KernelStage::Thread {
 public:
  // Shares the descriptors of `leader`, or has its own where that is null.
  Thread(lab::Sockets& sockets, std::atomic<uint32_t>& changes, Thread* leader)
      : sockets_(sockets), changes_(changes), leads_(leader == nullptr) {
    if (leader == nullptr) {
      thread_ = std::thread([this] { Loop(); });
    } else {
      // A new thread shares the descriptors of the one that makes it.
      leader->Give([this](lab::Sockets&) { thread_ = std::thread([this] { Loop(); }); });
      leader->WaitUntilIdle();
    }
    WaitUntilIdle();
    const std::string path = absl::StrCat("/proc/self/task/", id_.load(), "/stat");
    stat_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (stat_ < 0) abort();
  }
  ~Thread() {
    ends_ = true;
    Give([](lab::Sockets&) {});
    thread_.join();
    close(stat_);
  }

  bool busy() const { return busy_.load(std::memory_order_acquire) != 0; }

  void Give(Job job) {
    job_ = std::move(job);
    busy_.store(1, std::memory_order_release);
    Wake(busy_);
  }

  // Waits in a call.
  bool Asleep() const {
    char text[128];
    const ssize_t length = pread(stat_, text, sizeof text - 1, 0);
    if (length <= 0) abort();
    text[length] = '\0';
    const char* const name_end = strrchr(text, ')');
    return name_end != nullptr && name_end[2] == 'S';
  }

  void WaitUntilIdle() {
    while (busy()) Sleep(changes_, changes_.load(), kGlance);
  }

  void Interrupt() { syscall(SYS_tgkill, getpid(), id_.load(), SIGUSR1); }

 private:
  void Loop() {
    if (leads_ && unshare(CLONE_FILES) != 0) abort();
    if (leads_) CloseDescriptors();
    DropCapabilities();
    id_ = static_cast<pid_t>(syscall(SYS_gettid));
    Done();
    while (!ends_) {
      while (!busy()) Sleep(busy_, 0, 0ns);
      job_(sockets_);
      Done();
    }
  }

  void Done() {
    busy_.store(0, std::memory_order_release);
    changes_.fetch_add(1, std::memory_order_release);
    Wake(changes_);
  }

  lab::Sockets& sockets_;
  std::atomic<uint32_t>& changes_;
  const bool leads_;
  std::atomic<uint32_t> busy_{1};
  std::atomic<bool> ends_{false};
  std::atomic<pid_t> id_{0};
  Job job_;
  std::thread thread_;
  int stat_ = -1;
};

KernelStage::KernelStage(KernelNetwork& network, lab::Sockets& sockets) : network_(network) {
  // What blocks at the end is interrupted by a signal that does nothing else.
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  sigaction(SIGUSR1, &nothing, nullptr);
  prctl(PR_SET_TIMERSLACK, 1);
  // On one processor a call's effects are there when it returns, and handing over is cheap.
  cpu_set_t processors;
  sched_getaffinity(0, sizeof processors, &processors);
  int chosen = CPU_SETSIZE - 1;
  while (!CPU_ISSET(chosen, &processors)) --chosen;
  CPU_ZERO(&processors);
  CPU_SET(chosen, &processors);
  sched_setaffinity(0, sizeof processors, &processors);

  for (int actor = 0; actor < kAllActors; ++actor) {
    const int process = ProcessOfAny(actor);
    const bool leads = actor < kActors && actor % kThreads == 0;
    Thread* const leader = leads ? nullptr : threads_[static_cast<size_t>(process * kThreads)].get();
    threads_.push_back(std::make_unique<Thread>(sockets, changes_, leader));
  }
}

KernelStage::~KernelStage() {
  while (!threads_.empty()) threads_.pop_back();
}

void KernelStage::Begin() {
  for (int process = 0; process < kProcesses; ++process) {
    Thread& leader = *threads_[static_cast<size_t>(process * kThreads)];
    leader.Give([](lab::Sockets&) { CloseDescriptors(); });
    leader.WaitUntilIdle();
  }
  network_.Clear();
}

void KernelStage::Run(int actor, Job job, Patience patience) {
  Thread& thread = *threads_[static_cast<size_t>(actor)];
  const uint32_t before = changes_.load();
  thread.Give(std::move(job));
  Sleep(changes_, before, kGlance);
  WaitUntilQuiet();
  if (!thread.busy() || patience == Patience::kNone) return;
  const auto limit = Clock::now() + (patience == Patience::kLong ? kDelayedAck : 2ms * kMostTimeoutMs);
  while (thread.busy() && Clock::now() < limit) Sleep(changes_, changes_.load(), 100us);
  WaitUntilQuiet();
}

bool KernelStage::Busy(int actor) const { return threads_[static_cast<size_t>(actor)]->busy(); }

bool KernelStage::Quiet() const {
  for (const auto& thread : threads_) {
    if (thread->busy() && !thread->Asleep() && thread->busy()) return false;
  }
  return true;
}

void KernelStage::WaitUntilQuiet() {
  const auto limit = Clock::now() + kLimit;
  const auto acknowledged = Clock::now() + kDelayedAck;
  for (;;) {
    const uint32_t before = changes_.load();
    if (Quiet() && (!network_.InMotion() || Clock::now() > acknowledged) && changes_.load() == before) return;
    if (Clock::now() > limit) abort();
    Sleep(changes_, before, kGlance);
  }
}

void KernelStage::End() {
  for (const auto& thread : threads_) {
    while (thread->busy()) {
      thread->Interrupt();
      Sleep(changes_, changes_.load(), kGlance);
    }
  }
}

}  // namespace differential
