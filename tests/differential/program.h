// A drawn program: calls of lab::Sockets by several threads of several processes, one after another.
//
// A step is one call by one actor (a thread). Descriptors are named by the step that gave them, so that a program means
// the same where some of its steps are left out: what a missing or failed step would have given is -1.
#pragma once

#include <cstdint>
#include <vector>

namespace differential {

inline constexpr int kProcesses = 3;
inline constexpr int kThreads = 2;  // that a program's steps are for, in each process
inline constexpr int kActors = kProcesses * kThreads;

constexpr int ProcessOf(int actor) { return actor / kThreads; }

enum class Call : uint8_t {
  kSocket,       // a: domain, b: type, c: protocol
  kBind,         // address
  kListen,       // a: backlog
  kAccept,       // a: flags of accept4
  kConnect,      // address
  kSend,         // a: length, b: flags
  kSendTo,       // a: length, b: flags, address
  kSendMsg,      // a: length, in several buffers, b: flags
  kWrite,        // a: length
  kWritev,       // a: length, in several buffers
  kRecv,         // a: length, b: flags
  kRecvFrom,     // a: length, b: flags
  kRecvMsg,      // a: length, in several buffers, b: flags
  kRead,         // a: length
  kReadv,        // a: length, in several buffers
  kFill,         // sends without blocking until nothing is taken any more
  kDrain,        // receives without blocking until nothing comes any more
  kShutdown,     // a: how
  kClose,        //
  kDup,          //
  kDup2,         // other: the target
  kDup3,         // other: the target, a: flags
  kPipe,         // a: flags; gives two descriptors
  kSocketPair,   // a: domain, b: type; gives two descriptors
  kEpollCreate,  // a: flags
  kEpollCtl,     // other: the descriptor, a: operation, b: events; its data tells the descriptor
  kEpollWait,    // a: timeout in ms, b: the most events
  kPoll,         // polled, a: timeout in ms
  kPpoll,        // as kPoll
  kSelect,       // polled (POLLIN, POLLOUT, POLLPRI as the three sets), a: timeout in ms
  kPselect,      // as kSelect
  kSetFlags,     // a: for F_SETFL
  kGetFlags,     // F_GETFL
  kFionread,     //
  kAtMark,       // SIOCATMARK
  kSetOption,    // a: level, b: option, c: value (for SO_LINGER -1 is off; for timeouts milliseconds)
  kGetOption,    // a: level, b: option
  kGetSockName,  //
  kGetPeerName,  //
};

const char* NameOf(Call call);

// A descriptor: the `which`th that the step with that id gave; with kNumber as step, the number `which` itself.
struct Slot {
  static constexpr int kNumber = -1;

  int step = kNumber;
  int which = -1;

  bool operator==(const Slot&) const = default;
};

// An address as programs draw them. Host byte order. In AF_INET6 127.0.0.1 stands for ::1, 0.0.0.0 for ::, and others
// are mapped.
struct Address {
  uint32_t host = 0;
  uint16_t port = 0;
  int family = 2;  // AF_INET
};

struct Polled {
  Slot fd;
  short events = 0;
};

struct Step {
  int id = 0;  // unique and rising in its program
  int actor = 0;
  Call call = Call::kClose;
  Slot fd;
  Slot other;
  Address address;
  int64_t a = 0;
  int64_t b = 0;
  int64_t c = 0;
  std::vector<Polled> polled;
};

struct Program {
  std::vector<Step> steps;
};

// Whether some call of the program may wait for a time and then go on: such steps are given that time.
bool HasTimeouts(const Program& program);

// The longest time that a drawn call may wait, other than for ever.
inline constexpr int kMostTimeoutMs = 6;

}  // namespace differential
