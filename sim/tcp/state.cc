#include "sim/tcp/state.h"

#include <algorithm>
#include <array>

namespace sim::tcp {
namespace {

struct Edge {
  State from;
  State to;
  Cause cause;

  bool operator==(const Edge&) const = default;
};

constexpr Edge kEdges[] = {
    {State::kSynSent, State::kEstablished, Cause::kSynAck},
    {State::kSynSent, State::kSynReceived, Cause::kSyn},
    {State::kSynReceived, State::kEstablished, Cause::kAckOfSyn},
    {State::kEstablished, State::kFinWait1, Cause::kFinish},
    {State::kEstablished, State::kCloseWait, Cause::kFin},
    {State::kFinWait1, State::kFinWait2, Cause::kAckOfFin},
    {State::kFinWait1, State::kClosing, Cause::kFin},
    {State::kFinWait1, State::kTimeWait, Cause::kFinAndAck},
    {State::kFinWait2, State::kTimeWait, Cause::kFin},
    {State::kCloseWait, State::kLastAck, Cause::kFinish},
    {State::kClosing, State::kTimeWait, Cause::kAckOfFin},
    {State::kLastAck, State::kClosed, Cause::kAckOfFin},
    {State::kTimeWait, State::kClosed, Cause::kExpired},
    {State::kFinWait2, State::kClosed, Cause::kExpired},
    {State::kSynSent, State::kClosed, Cause::kAbandon},
    {State::kSynSent, State::kClosed, Cause::kUnreachable},
    {State::kSynReceived, State::kClosed, Cause::kUnreachable},
};

}  // namespace

bool IsLegal(State from, State to, Cause cause) {
  // These end a connection in any state.
  const bool ends = cause == Cause::kAbort || cause == Cause::kReset || cause == Cause::kUnanswered;
  if (ends) return from != State::kClosed && to == State::kClosed;
  return std::find(std::begin(kEdges), std::end(kEdges), Edge{from, to, cause}) != std::end(kEdges);
}

std::string_view ToString(State state) {
  switch (state) {
    case State::kClosed: return "CLOSED";
    case State::kSynSent: return "SYN-SENT";
    case State::kSynReceived: return "SYN-RECEIVED";
    case State::kEstablished: return "ESTABLISHED";
    case State::kFinWait1: return "FIN-WAIT-1";
    case State::kFinWait2: return "FIN-WAIT-2";
    case State::kCloseWait: return "CLOSE-WAIT";
    case State::kClosing: return "CLOSING";
    case State::kLastAck: return "LAST-ACK";
    case State::kTimeWait: return "TIME-WAIT";
  }
  return "no state";
}

std::string_view ToString(Cause cause) {
  switch (cause) {
    case Cause::kSyn: return "SYN";
    case Cause::kSynAck: return "SYN, ACK";
    case Cause::kAckOfSyn: return "ACK of SYN";
    case Cause::kFinish: return "end of sending";
    case Cause::kFin: return "FIN";
    case Cause::kAckOfFin: return "ACK of FIN";
    case Cause::kFinAndAck: return "FIN and ACK of FIN";
    case Cause::kAbandon: return "attempt abandoned";
    case Cause::kAbort: return "abort";
    case Cause::kReset: return "reset by the peer";
    case Cause::kUnanswered: return "no answer";
    case Cause::kUnreachable: return "unreachable";
    case Cause::kExpired: return "time over";
  }
  return "no cause";
}

}  // namespace sim::tcp
