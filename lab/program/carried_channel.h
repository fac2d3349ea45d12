// The lab's end of a channel (channel.h): requests copied out of it and checked, answers copied into it.
//
// A slot's number is checked by whoever takes it from a program: Valid().
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "lab/program/channel.h"
#include "lab/sockets/process.h"

namespace lab {

// What a program asks for. All of it is the program's word: nothing is checked but the lengths.
struct CarriedRequest {
  int64_t number = 0;
  int64_t arguments[6] = {};
  bool begins_call = false;  // the first of a call; of what was queued always false
  std::vector<uint8_t> data;
  std::vector<uint8_t> address;
};

struct CarriedAnswer {
  int64_t result = 0;  // or an errno, negated
  int64_t argument = 0;
  std::vector<uint8_t> data;
  std::vector<uint8_t> address;
  // Of descriptors whose numbers differ modulo DUET_CHANNEL_LEASES. One stays until another is given in its place.
  std::vector<duet_lease> leases;
  std::vector<duet_epoll_lease> epoll_leases;
  std::vector<duet_arrival> arrivals;
  std::vector<uint8_t> arrived;  // where these have their places; no more than DUET_CHANNEL_ARRIVED
  std::vector<duet_expiry> expiries;  // at most one of each timer
};

class CarriedChannel {
 public:
  static absl::StatusOr<std::unique_ptr<CarriedChannel>> Make();
  ~CarriedChannel();
  CarriedChannel(const CarriedChannel&) = delete;
  CarriedChannel& operator=(const CarriedChannel&) = delete;

  // The memory, for the program. Closed on exec here.
  int fd() const { return fd_; }
  static bool Valid(int64_t slot) { return slot >= 0 && slot < DUET_CHANNEL_SLOTS; }

  // Makes a slot ready for a new thread.
  void Prepare(int slot);
  // Waits, in the machine's time, until it is the lab's turn in the slot; false where that takes longer than `limit`.
  bool WaitForTurn(int slot, std::chrono::milliseconds limit);
  // The same until the kernel says that the slot's thread is no more.
  bool WaitForEnd(int slot, std::chrono::milliseconds limit);
  // Only in the lab's turn. Keeps the capacity of what `request` held.
  void Read(int slot, CarriedRequest& request) const;
  // The same for what the thread has done on its leases: gives what stands in its queue at `position`, and moves that
  // on; false at the end.
  bool ReadQueued(int slot, size_t& position, CarriedRequest& request) const;
  // What was read there is not to be read again.
  void EmptyQueue(int slot);
  // Gives the answer and the turn to the program.
  void Answer(int slot, const CarriedAnswer& answer, Time world_time);
  // How many threads are in a poll or select that asks for the kernel's descriptors too, for the program to know.
  void SetWatchers(uint32_t watchers) { memory_->watchers = watchers; }
  // Whether the program says that the slot's thread, in the lab's turn, would be told of a signal, which it neither
  // blocks nor ignores; and that it waits for it, which it may also do for one that it blocks.
  bool WouldTake(int slot, int64_t signal) const;
  bool Awaits(int slot, int64_t signal) const;

 private:
  CarriedChannel(int fd, duet_channel* memory) : fd_(fd), memory_(memory) {}
  duet_slot& At(int slot) const { return memory_->slots[slot]; }

  int fd_;
  duet_channel* memory_;
  uint32_t last_ = 0;  // the highest slot that has been used
};

}  // namespace lab
