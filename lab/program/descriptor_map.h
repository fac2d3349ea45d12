// Which of the program's descriptors are which of its Sockets'. The program numbers its files and its sockets
// together, so the two differ.
#pragma once

#include <array>

#include "lab/program/channel.h"

namespace lab {

class DescriptorMap {
 public:
  struct Entry {
    int fd = -1;  // of the process's Sockets; -1: not the lab's
    bool socket = false;
    bool internet_stream = false;
    bool random = false;     // gives random bytes
    bool real_time = false;  // a timer whose moments are CLOCK_REALTIME's
    bool limits_receiving = false;  // by SO_RCVTIMEO
    bool limits_sending = false;
    bool output = false;  // standard output or error: what is written there is kept
  };

  // The standard streams are the same on both sides.
  DescriptorMap() {
    for (int fd = 0; fd < 3; ++fd) entries_[static_cast<size_t>(fd)] = {.fd = fd, .output = fd > 0};
  }

  static bool Valid(int64_t number) { return number >= 0 && number < DUET_CHANNEL_DESCRIPTORS; }

  // What `number` stands for; its fd is -1 where that is nothing, or no number at all.
  Entry Find(int64_t number) const { return Valid(number) ? entries_[static_cast<size_t>(number)] : Entry(); }

  // Sets what stands at a Valid number, and gives what stood there.
  Entry Replace(int64_t number, Entry entry) {
    const Entry before = entries_[static_cast<size_t>(number)];
    entries_[static_cast<size_t>(number)] = entry;
    return before;
  }

 private:
  std::array<Entry, DUET_CHANNEL_DESCRIPTORS> entries_;
};

}  // namespace lab
