// A thread of a simulated process: its task, its Sockets over the descriptors that it shares, and the call that it is
// in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/sockets/thread.h"
#include "lab/trace/traced_sockets.h"
#include "sim/host/sim_sockets.h"

namespace sim {

class SimProcess;

class SimThread final : public lab::Thread {
 public:
  static constexpr Duration kClockCost = std::chrono::nanoseconds(100);

  // `body` runs when the engine comes to it. The process must outlive it.
  SimThread(SimProcess& process, std::shared_ptr<DescriptorTable> descriptors, Body body);
  // Ends it.
  ~SimThread() override { End(); }

  // --- From outside ---

  Task& task() { return task_; }
  const Task& task() const { return task_; }
  bool done() const { return task_.done(); }
  // The call that it has not come back from, or null.
  const duet_ledger_entry* pending() const;
  // That call goes into the trace as it is, once: this ends next.
  void TracePending();
  // "waits in accept(3) on port 9999"; empty where nobody needs to know.
  std::string WaitsFor();
  const std::string& name() const { return name_; }
  // What was last noted in the trace of its waiting.
  std::string& noted() { return noted_; }

  void Wake() override;
  void Interrupt() override { task_.Interrupt(); }
  void End() override;

  // --- From inside ---

  lab::Sockets& sockets() override;
  const std::vector<std::string>& arguments() const override;
  lab::Time now() override;
  void sleep(lab::Duration duration) override;
  void random(void* buffer, size_t length) override;
  void report(std::string_view key, std::string_view value) override;

  lab::Thread& Start(Descriptors descriptors, Body body) override;
  Woken Block(std::optional<lab::Time> deadline, const lab::Thread::WaitsFor& waits_for) override;
  lab::Time clock() const override;
  void Spend(lab::Duration duration) override;
  int MakeEvent(uint64_t value, bool semaphore, bool nonblocking) override;
  int MakeTimer(bool nonblocking) override;
  int SetTimer(int fd, const std::optional<Timer>& timer, Timer& before) override;
  Room SendRoom(int fd) const override { return sockets_.SendRoom(fd); }
  Arrived ArrivedAt(int fd, size_t most) const override { return sockets_.ArrivedAt(fd, most); }
  std::optional<bool> OnEpollList(int epfd, int fd) const override { return sockets_.OnEpollList(epfd, fd); }
  void SetNumbers(int first, int second) override { sockets_.set_numbers(first, second); }
  bool IsOpen(int fd) const override { return sockets_.table()->Get(fd) != nullptr; }
  void SetAtOnce(bool at_once) override { sockets_.set_at_once(at_once); }
  void PassDebt() override { sockets_.PassDebt(); }
  void LeaveDescriptors() override { sockets_.LeaveTable(); }
  void SetName(std::string name) override { name_ = std::move(name); }
  void SetPending(const duet_ledger_entry* call) override;
  void Record(const duet_ledger_entry& call) override;
  void ForgetInterruption() override { task_.ForgetInterruption(); }

 private:
  int Keep(FilePtr file, bool nonblocking);
  std::string Peer(int fd);

  SimProcess& process_;
  SimSockets sockets_;
  lab::TracedSockets traced_;
  std::string name_;
  std::string noted_;
  bool sleeping_ = false;
  bool blocked_ = false;
  std::optional<duet_ledger_entry> pending_;  // a call that is no call of Sockets
  bool pending_traced_ = false;
  const lab::Thread::WaitsFor* waits_for_ = nullptr;  // while it is blocked
  Task task_;
};

}  // namespace sim
