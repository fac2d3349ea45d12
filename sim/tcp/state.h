// The states of a connection and the ways from one to another: RFC 9293's figure 5, as a table.
#pragma once

#include <cstdint>
#include <string_view>

namespace sim::tcp {

enum class State : uint8_t {
  kClosed,
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
};

// What led from one state to another.
enum class Cause : uint8_t {
  kSyn,         // the peer's SYN, without an acknowledgement of ours
  kSynAck,      // the peer's SYN, with one
  kAckOfSyn,
  kFinish,      // the process will send no more
  kFin,         // the peer's FIN, in order
  kAckOfFin,
  kFinAndAck,   // the peer's FIN, and the acknowledgement of ours before it
  kAbandon,     // the process gave up an attempt to connect
  kAbort,       // this side resets the connection
  kReset,       // the peer has
  kUnanswered,  // nothing sent was answered for too long
  kUnreachable,
  kExpired,     // TIME-WAIT, or an orphan's FIN-WAIT-2, is over
};

// As the RFC spells it: "FIN-WAIT-1".
std::string_view ToString(State state);
std::string_view ToString(Cause cause);

// Whether `cause` may lead from one state to the other.
bool IsLegal(State from, State to, Cause cause);

}  // namespace sim::tcp
