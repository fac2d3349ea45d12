// What a generator believes about the descriptors of the program that it draws: enough to make most calls sensible.
//
// A belief may be wrong (a connect that failed, a call that still waits); then the program is another than was meant,
// and as good a test.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "tests/differential/program.h"

namespace differential {

enum class Kind : uint8_t {
  kFresh, kBound, kListener, kConnected, kPipeReader, kPipeWriter, kEpoll, kDatagram, kClosed
};

struct Known {
  Slot slot;
  int process = 0;
  Kind kind = Kind::kFresh;
  int family = 2;          // AF_INET
  Address address;         // where it is bound or listens
  int peer = -1;           // the other end: an index
  int waiting = 0;         // bytes that it could read; of UDP datagrams
  bool pair = false;       // of socketpair
  bool ended = false;      // it reads end of file or an error
  bool nonblocking = false;
  bool bulky = false;      // how much it holds is not known
  int room = 0;            // of a listener: clients that fit in its queue
  std::deque<int> queue;   // of a listener: the clients that wait, as indices
};

class Sketch {
 public:
  // The index of a descriptor that a step gives.
  int Add(Known known) {
    all_.push_back(std::move(known));
    return static_cast<int>(all_.size()) - 1;
  }
  Known& operator[](int index) { return all_[static_cast<size_t>(index)]; }
  int size() const { return static_cast<int>(all_.size()); }

  // Those of a process of one of the kinds; of all kinds but closed ones where none is given.
  template <typename... Kinds>
  std::vector<int> Of(int process, Kinds... kinds) const {
    std::vector<int> found;
    for (int i = 0; i < size(); ++i) {
      const Known& known = all_[static_cast<size_t>(i)];
      const bool fits = sizeof...(kinds) == 0 ? known.kind != Kind::kClosed : ((known.kind == kinds) || ...);
      if (known.process == process && fits) found.push_back(i);
    }
    return found;
  }
  std::vector<int> Listeners() const {
    std::vector<int> found;
    for (int i = 0; i < size(); ++i) {
      if (all_[static_cast<size_t>(i)].kind == Kind::kListener) found.push_back(i);
    }
    return found;
  }

  // A datagram socket that is bound to the port, or -1.
  int DatagramAt(uint16_t port) const {
    for (int i = 0; i < size(); ++i) {
      const Known& known = all_[static_cast<size_t>(i)];
      if (known.kind == Kind::kDatagram && known.address.port == port) return i;
    }
    return -1;
  }

  // The client and the listener meet, as far as there is room. Whether the client is connected.
  bool Connect(int client, int listener);
  // The oldest client of the listener, or -1; it gets `accepted` as its peer.
  int Accept(int listener, int accepted);
  void Close(int index);

 private:
  std::vector<Known> all_;
};

}  // namespace differential
