// A process of a simulated world as one of several threads: what it takes to carry a program that has threads and
// child processes.
//
// Every process of a simulated world is a Thread (the real world's aren't: their kernel does all this). Exactly one
// thread of a world runs at a time, until a call of it blocks; each is a further actor of the world's schedule.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lab/sockets/process.h"
#include "lab/wire/payload.h"

struct duet_ledger_entry;  // lab/trace/ledger_entry.h

namespace lab {

// Calls come from the thread itself, but for those marked otherwise. A reference stays good until the thread's body
// has returned.
class Thread : public Process {
 public:
  using Body = std::function<void(Thread&)>;
  enum class Descriptors {
    kShared,  // with the caller: what one closes is closed for the other
    kCopied,  // as fork does: the same open files under the same numbers, from then on apart
  };
  enum class Woken { kWoken, kTimedOut, kInterrupted };
  // What a thread waits for, "waits for thread 4 to end"; empty where nobody needs to know.
  using WaitsFor = std::function<std::string()>;

  // A further thread of the process, which runs when its turn comes. An exception out of `body` ends the lab. The
  // process ends with its first thread, and with it all others.
  virtual Thread& Start(Descriptors descriptors, Body body) = 0;

  // Blocks until another thread wakes or interrupts this one, or until `deadline`. `waits_for` is asked when nothing
  // can happen any more.
  virtual Woken Block(std::optional<Time> deadline, const WaitsFor& waits_for) = 0;
  // The time, which this doesn't make pass.
  virtual Time clock() const = 0;
  // Lets that much time pass, uninterruptedly; others run meanwhile.
  virtual void Spend(Duration duration) = 0;
  // Descriptors that the calls of Sockets know, but don't make: eventfd's, and timerfd_create's, which are set by
  // `SetTimer` and then give what they were set to in `before` (of the interval: 0, once). -1 with errno: EMFILE;
  // EBADF, EINVAL where it is no timer.
  struct Timer {
    Duration value{0};
    Duration interval{0};
  };
  virtual int MakeEvent(uint64_t value, bool semaphore, bool nonblocking) = 0;
  virtual int MakeTimer(bool nonblocking) = 0;
  virtual int SetTimer(int fd, const std::optional<Timer>& timer, Timer& before) = 0;
  // The descriptors that this thread makes have these numbers, in this order, as long as this exists, rather than the
  // lowest that are free: its program has chosen them. What is open there is closed. EBUSY: another call of the process
  // is about to make one of that number.
  class Numbers {
   public:
    explicit Numbers(Thread& thread, int first, int second = -1) : thread_(thread) {
      thread_.SetNumbers(first, second);
    }
    ~Numbers() { thread_.SetNumbers(-1, -1); }
    Numbers(const Numbers&) = delete;
    Numbers& operator=(const Numbers&) = delete;

   private:
    Thread& thread_;
  };
  virtual void SetNumbers(int first, int second) = 0;
  // Whether the descriptor is open. Takes no time.
  virtual bool IsOpen(int fd) const = 0;
  // How many bytes a send, or a write, would take at once without waiting or failing; 0 where that isn't sure. `file`
  // is the same for the descriptors of one open file, which have that room together. Takes no time.
  struct Room {
    size_t bytes = 0;
    const void* file = nullptr;
  };
  virtual Room SendRoom(int fd) const = 0;
  // Of a connection's descriptor: the bytes that a receive would give at once, all that have come, where that is sure
  // and they are no more than `most`; otherwise none. `file` is as above. Takes no time.
  struct Arrived {
    Payload bytes;
    const void* file = nullptr;
  };
  virtual Arrived ArrivedAt(int fd, size_t most) const = 0;
  // Whether the descriptor is on the epoll descriptor's list, where that is sure: epoll_ctl can add it if it isn't, and
  // change it or take it off if it is, and won't fail. Takes no time.
  virtual std::optional<bool> OnEpollList(int epfd, int fd) const = 0;
  // Calls of its Sockets take effect without any time passing before, as long as this exists. What they cost passes at
  // the next call after it, or in PassDebt.
  class AtOnce {
   public:
    explicit AtOnce(Thread& thread) : thread_(thread) { thread_.SetAtOnce(true); }
    ~AtOnce() { thread_.SetAtOnce(false); }
    AtOnce(const AtOnce&) = delete;
    AtOnce& operator=(const AtOnce&) = delete;

   private:
    Thread& thread_;
  };
  virtual void SetAtOnce(bool at_once) = 0;
  // Lets the time pass that calls have cost and that has not passed yet; others run meanwhile.
  virtual void PassDebt() = 0;
  // Lets go of its descriptors; what no other thread shares is closed.
  virtual void LeaveDescriptors() = 0;
  // What it is called in a report of who waits for what, "thread 4"; the first needs no name.
  virtual void SetName(std::string name) = 0;
  // Calls that are none of Sockets, for the ledger: the one that it is in from here on (null: none), and one that has
  // returned.
  virtual void SetPending(const duet_ledger_entry* call) = 0;
  virtual void Record(const duet_ledger_entry& call) = 0;
  // No interruption from before counts any more.
  virtual void ForgetInterruption() = 0;

  // --- From other threads ---

  // Ends its Block; harmless where it is in none.
  virtual void Wake() = 0;
  // Ends the call that it is blocked in with EINTR; where it is in none, the next one that would block.
  virtual void Interrupt() = 0;
  // Ends it where it is: its destructors run, and its descriptors are let go of.
  virtual void End() = 0;
};

}  // namespace lab
