// What the lab has to know of a program's descriptors beside what its Sockets know. The numbers are the program's: its
// own kernel chooses them, for its files and the world's descriptors together, and Sockets have the same.
#pragma once

#include <array>

#include "lab/program/channel.h"

namespace lab {

class DescriptorKinds {
 public:
  struct Kind {
    bool socket = false;
    bool stream = false;           // a socket of that type
    bool internet_stream = false;  // of TCP
    bool random = false;     // gives random bytes
    bool real_time = false;  // a timer whose moments are CLOCK_REALTIME's
    bool limits_receiving = false;  // by SO_RCVTIMEO
    bool limits_sending = false;
    bool output = false;  // standard output or error: what is written there is kept
  };

  DescriptorKinds() { kinds_[1].output = kinds_[2].output = true; }

  // Whether the program can have a descriptor of that number.
  static bool Valid(int64_t number) { return number >= 0 && number < DUET_CHANNEL_DESCRIPTORS; }

  // The kind of what is open there; that of nothing where it is no number.
  Kind Find(int64_t number) const { return Valid(number) ? kinds_[static_cast<size_t>(number)] : Kind(); }
  // The number has to be Valid.
  Kind& At(int64_t number) { return kinds_[static_cast<size_t>(number)]; }

 private:
  std::array<Kind, DUET_CHANNEL_DESCRIPTORS> kinds_;
};

}  // namespace lab
