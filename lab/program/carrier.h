// One carried program: its sandbox, its processes and their threads, what they share, and how it ends.
//
// Each thread of the program is stood for by a thread of the world (CarriedThread), which serves its slot of the
// channel; no two of them run at once. The program ends with its first process, as it does in the real world.
#pragma once

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/program/busy_time.h"
#include "lab/program/carried_channel.h"
#include "lab/program/descriptor_kinds.h"
#include "lab/program/futex_table.h"
#include "lab/program/process_timers.h"
#include "lab/program/program.h"
#include "lab/program/sandboxed_process.h"
#include "lab/program/watched_process.h"
#include "lab/sockets/thread.h"

namespace lab {

// A process of the program: the first one, or one that another has forked.
struct CarriedProcess {
  int number = 0;                         // what the program's kernel calls it
  std::unique_ptr<WatchedProcess> kernels;  // null until it is known
  CarriedProcess* parent = nullptr;       // null: none, or gone
  DescriptorKinds kinds;                  // of its descriptors
  bool registered = false;                // the library is in place
  std::string executes;                   // what it is about to execute; empty otherwise
  double cpu_seconds = 0;                 // as of the last look
  std::unique_ptr<ProcessTimers> timers;  // never null
  int64_t death_signal = 0;               // that it asked for with PR_SET_PDEATHSIG
};

class Carrier {
 public:
  // A slot that is taken, and the thread of the program whose it is. It begins when its thread of the world does.
  struct Seat {
    CarriedProcess* process = nullptr;  // null: free
    int number = 0;                     // what the program's kernel calls the thread; 0: not yet known
    Thread* thread = nullptr;           // null: not yet begun
    bool waits_for_child = false;
    int64_t awaited_owner = 0;    // the process that has the lock of a file that it waits for; 0: nobody knows
    bool watches_kernel = false;  // in a poll or select that asks for its kernel's descriptors too
  };

  Carrier(Thread& thread, const ProgramOptions& options);
  // Ends all of the program's threads.
  ~Carrier();
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // Starts the program, and blocks until it has ended: its exit status.
  int Run();

  // --- For the threads ---

  CarriedChannel& channel() { return *channel_; }
  SandboxedProcess& sandbox() { return *sandbox_; }
  FutexTable& futexes() { return futexes_; }
  Seat& seat(int slot) { return seats_[static_cast<size_t>(slot)]; }
  const ProgramOptions& options() const { return options_; }
  const std::string& name() const { return name_; }
  uint64_t& written() { return written_; }
  BusyTime& busy() { return busy_; }
  CarriedProcess& first() { return *processes_.front(); }
  bool IsFirst(const CarriedProcess& process) const { return &process == processes_.front().get(); }

  // A program's status, in its shell's words, where the lab has ended it.
  static constexpr int kKilled = 128 + SIGKILL;

  // The program has ended. The first to say so counts; all of its threads are ended next.
  void End(int status);
  void EndAsUnsupported(const std::string& sentence, int status = kKilled);
  // `what` follows the program's name: "used more than 10 s of CPU time".
  void EndAtLimit(const std::string& what, int status);
  void EndAsLabError(const std::string& sentence);
  // Whether it has taken more of the machine's time than it may; `more` isn't counted yet.
  bool IsTooBusy(BusyTime::Duration more) const;
  void EndAsTooBusy();

  // A free slot, now the process's, or -1 where the program has as many threads as it may have.
  int TakeSlot(CarriedProcess& process);
  void FreeSlot(int slot) { seat(slot) = {}; }
  // What the process's thread of that number is called, "thread 4", "the main thread"; empty where there is none.
  std::string NameOfThread(const CarriedProcess& process, int64_t number) const;
  // "process 7, process 9".
  std::string ChildrenOf(const CarriedProcess& process) const;
  // How many threads the process has.
  int ThreadsOf(const CarriedProcess& process) const;
  // Begins to serve the slot, from a copy of what `maker` has where the slot is another process's.
  void Begin(int slot, int number, Thread& maker, Thread::Descriptors descriptors);
  CarriedProcess& Fork(CarriedProcess& parent);
  // The kernel's word for a process that has said hello since; null where there is none.
  std::unique_ptr<WatchedProcess> NewProcess();

  // Ends the process's threads but for `but`: they are no more.
  void EndThreads(const CarriedProcess& process, const Thread* but);
  // The process is no more, nor are its threads but for `current`, which returns next.
  void ProcessEnded(CarriedProcess& process, const Thread* current);

  // A thread's poll or select begins or ends to ask for its kernel's descriptors; interrupts those that do.
  void Watch(Seat& seat, bool watches);
  void KernelChanged();

  // Whether the process `owner` of a file's lock waits, in however many steps, for one that the process has: as Linux
  // finds out before it lets that wait.
  bool WouldDeadlock(const CarriedProcess& process, int64_t owner) const;

  // The process has ended: those of its children that asked for it have been sent a signal. `current` returns next.
  void TellOrphans(const CarriedProcess& process, const Thread* current);

  // Whether the process, or what was one, has not ended.
  bool Has(const CarriedProcess& process) const;

  // A signal has been sent: interrupts a thread that takes it. `process` below 1: to several of them.
  void Signalled(int64_t process, int64_t thread, int64_t signal);
  // The processes that kill means by its first argument, or the one whose thread that is, where it isn't 0.
  std::vector<CarriedProcess*> Meant(int64_t process, int64_t thread, const CarriedProcess& caller) const;

 private:
  absl::Status Start();
  void Interrupt(const CarriedProcess& process, int64_t signal);
  void InterruptThread(int64_t thread, int64_t signal);
  CarriedProcess& AddProcess();
  std::string NameOf(const Seat& seat) const;

  Thread& thread_;
  const ProgramOptions& options_;
  const std::string name_;
  std::unique_ptr<CarriedChannel> channel_;
  // Ends the program's processes, also where the world's end unwinds this.
  std::unique_ptr<SandboxedProcess> sandbox_;
  FutexTable futexes_;
  std::vector<std::unique_ptr<CarriedProcess>> processes_;
  std::array<Seat, DUET_CHANNEL_SLOTS> seats_;
  std::optional<int> status_;
  uint64_t written_ = 0;
  BusyTime busy_;
};

}  // namespace lab
