// One end of a TCP connection (RFC 9293), sans I/O: it takes segments, calls and the time, and gives back
// segments and its next deadline. It knows no clock, no queue, no fiber and no descriptor.
//
// After every call that can change anything (OnSegment, OnTimer, Write, Read, Close…) the owner takes what is to be
// sent with NextSegment until there is nothing, and asks Deadline() again.
//
// It does as Linux does where the RFC leaves a choice; docs/tcp.md lists what is modelled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "lab/sockets/process.h"
#include "lab/wire/packet.h"
#include "lab/wire/payload.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

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

// As the RFC spells it: "FIN-WAIT-1".
std::string_view ToString(State state);

struct Options {
  uint32_t mtu = 65'535;             // of the way out: bounds the segments
  uint32_t send_buffer = 2'626'560;  // bytes that Write takes without their acknowledgement
  uint32_t receive_buffer = 131'072;
  int syn_retries = 6;
  int synack_retries = 5;
  int syn_linear_timeouts = 4;
  int retries2 = 15;  // retransmissions before ETIMEDOUT
  Duration fin_timeout = std::chrono::seconds(60);  // how long an orphan stays in FIN-WAIT-2
  Duration time_wait = std::chrono::seconds(60);
  bool no_delay = false;  // TCP_NODELAY
};

class Connection {
 public:
  // Begins an active open: the SYN is the first NextSegment.
  static std::unique_ptr<Connection> Connect(Time now, lab::Endpoint local, lab::Endpoint remote, uint32_t iss,
                                             const Options& options);
  // Answers `syn`, a segment with SYN alone that came to a listening port: the SYN-ACK is the first NextSegment.
  static std::unique_ptr<Connection> Accept(Time now, const lab::Packet& syn, uint32_t iss,
                                            const Options& options);

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The reset that answers a segment for which there is no connection (RFC 9293, 3.10.7.1); nothing where the
  // segment is a reset itself.
  static std::optional<lab::Packet> ResetFor(const lab::Packet& segment);

  // --- What the network does ---

  // RFC 9293, 3.10.7: takes a segment that came for this connection.
  void OnSegment(Time now, const lab::Packet& segment);
  // Does what is due. Harmless before Deadline().
  void OnTimer(Time now);
  // When OnTimer is to be called next, if ever.
  std::optional<Time> Deadline() const;
  // Whether the timer that is due next may change what a process can see. False for one that only keeps
  // itself going (a zero-window probe to a peer that never reads).
  bool DeadlineMatters() const;
  // The next segment to send now, built on demand.
  std::optional<lab::Packet> NextSegment(Time now);
  // The peer's path was found unusable, by an ICMP error say, before it answered a SYN.
  void OnUnreachable(int error);

  // --- What the process does ---

  // Takes as much as the send buffer has space for; returns how many bytes that is.
  // Not to be called once CanWrite() is false for good (see write_shut(), error()).
  size_t Write(Time now, const lab::Payload& bytes);
  size_t write_space() const;
  // Takes up to `length` bytes out of what has arrived in order; with `peek` leaves them there.
  lab::Payload Read(Time now, size_t length, bool peek = false);
  size_t readable() const;  // bytes
  // The peer's FIN has come in order: when readable() is 0 too, a read gives end of file.
  bool peer_finished() const;
  // SHUT_WR: FIN after what is queued.
  void ShutdownWrite(Time now);
  // SHUT_RD: what has arrived and what arrives is thrown away.
  void ShutdownRead(Time now);
  bool write_shut() const;
  bool read_shut() const;
  // No process has the connection any more. Unread bytes make this a reset, otherwise it goes on until its end
  // by itself; data that arrives from now on is answered by a reset (Linux: RFC 1122, 4.2.2.13).
  void Close(Time now);
  // Ends it with a reset (SO_LINGER with time 0).
  void Abort(Time now);
  void SetNoDelay(Time now, bool no_delay);

  // --- What can be seen ---

  State state() const;
  lab::Endpoint local() const;
  lab::Endpoint remote() const;
  // Why it ended (ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE…), once: reading clears it, as SO_ERROR does.
  int TakeError();
  int error() const;
  // The connection was reset or has failed: the difference between kClosed before and after.
  bool failed() const;
  // Bytes written that the peer has not acknowledged.
  size_t unacknowledged() const;
  uint32_t snd_una() const;
  uint32_t snd_nxt() const;
  uint32_t rcv_nxt() const;
  // How many segments were sent again.
  uint64_t retransmissions() const;

 private:
  class Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sim::tcp
