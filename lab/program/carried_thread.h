// A thread of the world that stands for one of a carried program: it serves that one's slot of the channel until it has
// ended.
//
// What concerns descriptors, names and time goes to a CallServer; threads, processes, futexes and signals are served
// here. The program is hostile: its numbers are looked up, and what isn't there is an error.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lab/program/call_server.h"
#include "lab/program/carrier.h"
#include "lab/trace/ledger_entry.h"

namespace lab {

class CarriedThread {
 public:
  // All of them must outlive it.
  CarriedThread(Carrier& carrier, int slot, Thread& thread);

  void Run();

 private:
  // Of a call that is served here, in the world's time: as one that is served by Sockets.
  static constexpr Duration kCallCost = std::chrono::microseconds(1);

  // What has become of the thread.
  enum class Fate { kGoesOn, kIsOver };

  // How long a process has asked for nothing, and when it was last seen to get somewhere.
  struct Silence {
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point moved = begin;
    double cpu_seconds = 0;  // that it had used when it moved
  };

  // Waits until the program asks for something in that slot, or the process that was to do so first has ended. The
  // world stands still meanwhile.
  Fate WaitForRequest(int slot);
  const WatchedProcess* Awaited(int slot);
  Fate Looks(const WatchedProcess* awaited, Silence& silence);
  // `more`: of the machine's time, that it has taken and that isn't counted yet.
  Fate EndIfTooBusy(std::chrono::steady_clock::duration more);
  // Sends what the program has sent on its leases: whether that was anything. Takes no time yet.
  bool SendQueued();
  // The same, and lets the time pass that this took.
  void ServeQueue();
  Fate Serve();

  Fate Hello();
  Fate Exit();
  Fate ExitGroup();
  Fate Kill();
  Fate Clone();
  Fate Cloned();
  // What came of the clone whose slot that is: the result for its maker.
  int64_t Begin(int slot, int number);
  void WaitForChild();
  void WaitForSignal();
  void WaitForChange();
  void Futex();
  void ServeFutex();
  // A call that has not returned.
  duet_ledger_entry LedgerEntry(uint32_t call, int64_t first, int64_t second, int64_t third) const;
  void Record(duet_ledger_entry entry, int64_t result);
  // What the program says that it has called without the lab.
  void Note(const CarriedRequest& request);
  void MakeTimer();
  void SetTimer();

  // The process has ended without saying so.
  void Ended(int status);
  void NeverRegistered(int status);
  void Stuck(long system_call);
  // It has ended, in the first process with `status`.
  Fate ProcessIsOver(int status);
  Fate Vanished();
  // It is still there.
  Fate Lied();
  bool Dies(const std::function<bool(std::chrono::milliseconds)>& wait_for_end);
  bool Dies(const CarriedProcess& process);
  // There is no slot for one more.
  Fate TooMany();

  FutexTable::Key Key(int64_t object, int64_t offset) const;
  std::string WaitsAtFutex() const;
  int64_t Interruptible(Thread::Woken woken);

  Carrier& carrier_;
  const int slot_;
  Carrier::Seat& seat_;
  CarriedProcess& process_;
  Thread& thread_;
  CallServer server_;
  CarriedRequest request_;
  CarriedRequest queued_;  // what was sent on a lease, to which nobody reads an answer
  CarriedAnswer unread_;
  CarriedAnswer answer_;
  bool answers_at_once_ = false;  // nobody else runs before the program has the answer
  int made_ = -1;  // the slot of the thread that this one is about to make
  bool made_process_ = false;
  std::unique_ptr<WatchedProcess> born_;  // that process, once it is known and until it begins
};

}  // namespace lab
