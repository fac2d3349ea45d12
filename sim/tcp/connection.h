// One end of a TCP connection (RFC 9293), sans I/O: it takes segments, calls and the time, and gives back
// segments and its next deadline. It knows no clock, no queue, no fiber and no descriptor.
//
// After every call that can change anything (OnSegment, OnTimer, Write, Read, Close…) the owner takes what is to be
// sent with NextSegment until there is nothing, and asks Deadline() again. Once state() is kClosed, nothing is
// left to send and no process has it, the owner forgets it.
//
// It does as Linux does where the RFC leaves a choice. Simplifications, and what a program could notice of them
// (docs/tcp.md has the whole table):
//  - No ECN, no fast open, no path MTU discovery: each would show in packets only.
//  - Buffers count bytes, not Linux's memory for them: how much fits before a write blocks is about right.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "lab/sockets/process.h"
#include "lab/wire/packet.h"
#include "lab/wire/payload.h"
#include "sim/tcp/info.h"
#include "sim/tcp/keep_alive.h"
#include "sim/tcp/receiver.h"
#include "sim/tcp/sender.h"
#include "sim/tcp/state.h"

namespace sim::tcp {

using lab::Duration;
using lab::Time;

struct Options {
  uint32_t mtu = 65'535;             // of the way out: bounds the segments
  uint32_t send_buffer = 2'626'560;  // bytes that Write takes without their acknowledgement
  uint32_t receive_buffer = 131'072;
  int syn_retries = 6;
  int synack_retries = 5;
  int syn_linear_timeouts = 4;
  int retries2 = 15;  // stands for how long data is sent again before ETIMEDOUT: see RetransmissionTimeout
  Duration fin_timeout = std::chrono::seconds(60);  // how long an orphan stays in FIN-WAIT-2
  Duration time_wait = std::chrono::seconds(60);
  Duration invalid_ratelimit = std::chrono::milliseconds(500);  // between two answers to what may be forged
  bool no_delay = false;  // TCP_NODELAY
  bool cork = false;      // TCP_CORK
  bool urgent_inline = false;   // SO_OOBINLINE
  bool tail_loss_probe = true;  // Linux's tcp_early_retrans
  CongestionControl congestion = CongestionControl::kCubic;  // TCP_CONGESTION
  uint16_t max_segment = 0;  // TCP_MAXSEG: bounds what both ends send; 0: the MTU alone does
  KeepAliveOptions keep_alive;
  Duration user_timeout{0};  // TCP_USER_TIMEOUT; 0: not set
  Duration linger2{0};       // TCP_LINGER2: instead of fin_timeout; 0: not set, negative: none, a reset instead
  uint8_t hops = lab::Packet::kUsualHops;  // IP_TTL, IPV6_UNICAST_HOPS
  uint8_t type_of_service = 0;             // IP_TOS
  // TCP_DEFER_ACCEPT, for Accept: so many timeouts of the SYN-ACK pass before a handshake without data counts as
  // complete (DeferAcceptTimeouts); 0: it does at once.
  int defer_accept = 0;
};

// TCP_DEFER_ACCEPT's seconds in timeouts of a SYN-ACK, as Linux counts, and back.
int DeferAcceptTimeouts(int seconds);
int DeferAcceptSeconds(int timeouts);

class Connection {
 public:
  // Begins an active open: the SYN is the first NextSegment.
  Connection(const lab::Endpoint& local, const lab::Endpoint& remote, uint32_t iss, const Options& options)
      : Connection(State::kSynSent, local, remote, iss, options) {}
  // Answers `syn`, a segment with SYN and without ACK and RST that came to a listening port: the SYN-ACK is the
  // first NextSegment.
  Connection(const lab::Packet& syn, uint32_t iss, const Options& options);

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
  std::optional<Time> Deadline() const {
    if (state_ == State::kClosed) return std::nullopt;
    Time next = std::min({deadline_, sender_.deadline(), receiver_.acks().deadline()});
    if (keep_alive_ != nullptr) next = std::min(next, keep_alive_->deadline());
    return next != Time::max() ? std::optional(next) : std::nullopt;
  }
  // Whether one of the armed timers may change what a process can see. False for what only keeps itself going
  // or ends unseen: a probe of a window that the peer keeps closed, TIME-WAIT, an orphan's FIN-WAIT-2.
  bool DeadlineMatters() const;
  // This end has opened a window that was too small for a segment, and heard nothing since. Where the announcement was
  // lost, only the peer's probe mends that: while some connection of the world awaits one, probes matter.
  bool AwaitsProbe() const { return state_ != State::kClosed && receiver_.awaits_probe(); }
  // Fills in the next segment to send now, over whatever `packet` was; false where there is none.
  bool NextSegment(Time now, lab::Packet& packet) {
    const bool has_work = reset_due_ || syn_due_ || receiver_.acks().due() || sender_.has_work();
    return has_work && TakeSegment(now, packet);
  }
  // Whether a Read has anything for NextSegment, or for AwaitsProbe: most have not, and change no deadline either.
  bool ReadMatters() const { return receiver_.acks().due() || AwaitsProbe(); }
  // An ICMP error says that the peer can't be reached, with the errno for it. It ends an attempt to connect;
  // later it is only the reason given where the connection times out.
  void OnUnreachable(int error);
  // In TIME-WAIT: the number to Accept `syn` with, where it may open the connection anew (RFC 6191). The owner
  // then forgets this one and gives the SYN to whom listens on the port.
  std::optional<uint32_t> IssToReopen(const lab::Packet& syn) const;
  // In TIME-WAIT, or FIN-WAIT-2 without a process: the number to Connect the same two ends with, where that takes its
  // place. As in Linux both ends must have spoken of timestamps.
  std::optional<uint32_t> IssToReplace() const;

  // --- What the process does ---

  // Takes as much as the send buffer has space for; returns how many bytes that is. Before the connection
  // stands they wait. Not to be called once write_shut(). With `more` (MSG_MORE) a last segment that is not full
  // waits for the next Write, the peer's next segment or about 200 ms.
  size_t Write(Time now, const lab::Payload& bytes, bool more = false) {
    return write_shut_ ? 0 : sender_.Write(bytes, more);
  }
  size_t write_space() const { return sender_.space(); }
  // Takes up to `length` bytes out of what has arrived in order; with `peek` leaves them there. What had
  // arrived before a reset can still be read.
  lab::Payload Read(Time now, size_t length, bool peek = false) { return receiver_.Read(length, peek); }
  size_t readable() const { return receiver_.readable(); }  // bytes that one Read would give
  size_t before_mark() const { return receiver_.before_mark(); }  // FIONREAD: up to the urgent mark
  size_t unread() const { return receiver_.unread(); }      // all that has come, an urgent byte too
  size_t pollable() const { return receiver_.pollable(); }  // what poll counts: beyond the mark too

  // MSG_OOB. As Write; the last byte is urgent.
  size_t WriteUrgent(Time now, const lab::Payload& bytes);
  // Gives the urgent byte: 1, 0 at the end of the stream, -EAGAIN where it was announced and has not come, -EINVAL
  // where there is none, or it was read, or is in the stream (SO_OOBINLINE); -ENOTCONN after a reset.
  int ReadUrgent(Time now, char& byte, bool peek = false);
  void SetUrgentInline(bool in_line) { receiver_.set_urgent_inline(in_line); }  // SO_OOBINLINE
  bool urgent_ready() const { return receiver_.urgent_ready(); }  // POLLPRI
  // SIOCATMARK; with `ahead`: whether a read that has seen so many bytes is to stop.
  bool at_mark(size_t ahead = 0) const { return receiver_.at_mark(ahead); }
  // The peer's FIN has come in order: when readable() is 0 too, a read gives end of file, before any error().
  bool peer_finished() const { return receiver_.finished(); }
  // SHUT_WR: FIN after what is queued. An attempt to connect is given up, with ECONNRESET as its error.
  void ShutdownWrite(Time now);
  // SHUT_RD: from now on a read with readable() 0 gives end of file. As in Linux, what arrives can still be read,
  // unless the connection is shut down for writing too: then it is answered by a reset.
  void ShutdownRead(Time now);
  bool write_shut() const { return write_shut_; }  // also once the connection has ended
  bool read_shut() const { return read_shut_; }
  // No process has the connection any more. Unread bytes make this a reset, otherwise it goes on until its end
  // by itself; data that arrives from now on is answered by a reset (Linux: RFC 1122, 4.2.2.13).
  void Close(Time now);
  // Ends it with a reset (SO_LINGER with time 0).
  void Abort(Time now);
  // TCP_NODELAY. Turning it on, also once more, sends what waits, even under a cork.
  void SetNoDelay(Time now, bool no_delay) { sender_.SetNoDelay(no_delay); }
  // TCP_CORK: only full segments leave, until it is turned off or about 200 ms have passed; a FIN pushes.
  void SetCork(Time now, bool cork) { sender_.set_cork(cork); }
  // TCP_QUICKACK: 0 has acknowledgements wait for data to carry them; an odd value has them leave at once until the
  // process answers what it reads; an even one only that which waits now.
  void SetQuickAck(Time now, int value);
  bool quick_ack() const { return !receiver_.acks().interactive(); }
  // SO_KEEPALIVE with TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT. A peer that stays silent gives ETIMEDOUT.
  void SetKeepAlive(Time now, bool on, Duration idle, Duration interval, int count);
  // TCP_USER_TIMEOUT: how long data may stay without an acknowledgement before ETIMEDOUT; 0: as retries2 says.
  void SetUserTimeout(Time now, Duration timeout) { sender_.set_user_timeout(timeout); }
  // TCP_LINGER2, as in Options.
  void SetLinger2(Duration linger2);
  // IP_TTL, IPV6_UNICAST_HOPS and IP_TOS of the packets from now on.
  void SetHops(uint8_t hops) { kept_.hops = hops; }
  void SetTypeOfService(uint8_t type_of_service) { kept_.type_of_service = type_of_service; }
  // TCP_CONGESTION.
  void SetCongestionControl(Time now, CongestionControl control) { sender_.set_congestion_control(control); }
  CongestionControl congestion_control() const { return sender_.congestion_control(); }
  // SO_SNDBUF and SO_RCVBUF in bytes, as in Options. What was offered is taken all the same.
  void SetSendBuffer(Time now, uint32_t bytes) { sender_.set_buffer(bytes); }
  void SetReceiveBuffer(Time now, uint32_t bytes) { receiver_.set_buffer(bytes); }

  // --- What can be seen ---

  State state() const { return state_; }
  const lab::Endpoint& local() const { return local_; }
  const lab::Endpoint& remote() const { return remote_; }
  // Why it ended, once: reading clears it, as SO_ERROR does. ECONNREFUSED: a reset answered the SYN. ECONNRESET:
  // the peer has reset; EPIPE: it did so after its FIN. ETIMEDOUT: no answer.
  int TakeError();
  int error() const { return error_; }
  // The connection was reset or has failed: the difference between kClosed before and after.
  bool failed() const { return failed_; }
  // Bytes written that the peer has not acknowledged.
  size_t unacknowledged() const { return sender_.unacknowledged(); }
  uint32_t snd_una() const { return sender_.snd_una(); }  // the SYN's, before the connection stands
  uint32_t snd_nxt() const { return sender_.snd_nxt(); }
  uint32_t rcv_nxt() const { return receiver_.rcv_nxt(); }
  // Bytes written that were never sent (SIOCOUTQNSD).
  size_t unsent() const { return sender_.unsent(); }
  // For TCP_INFO.
  Info GetInfo(Time now) const;
  // How many segments were sent again.
  uint64_t retransmissions() const { return syn_retransmissions_ + sender_.retransmissions(); }

 private:
  // What of the Options is asked for later: a connection is to be small.
  struct Kept {
    using Milliseconds = std::chrono::duration<int32_t, std::milli>;

    Kept(const Options& options, bool ipv4);

    uint32_t mtu;
    Milliseconds fin_timeout;
    Milliseconds time_wait;
    Milliseconds invalid_ratelimit;
    Milliseconds linger2;
    uint16_t mss;  // that our SYN offers
    uint8_t syn_retries;
    uint8_t synack_retries;
    uint8_t syn_linear_timeouts;
    uint8_t defer_accept;
    uint8_t hops;
    uint8_t type_of_service;
  };

  Connection(State state, const lab::Endpoint& local, const lab::Endpoint& remote, uint32_t iss,
             const Options& options);

  void Transition(State to, Cause cause);
  void OnKeepAliveTimer(Time now);
  // connection.cc: ends.
  void Fail(int error, Cause cause);
  void FinishSending();
  void SendReset();
  // A reset is to be sent: the last segment, or the answer to one that is not acceptable.
  void ResetWith(uint32_t seq, std::optional<uint32_t> ack = std::nullopt);

  // handshake.cc
  void OnSegmentInSynSent(Time now, const lab::Packet& segment);
  void TakeSynOptions(const lab::Packet& syn);
  void Establish(Time now, const lab::TcpHeader& tcp, Cause cause);
  bool OnAckOfSyn(Time now, const lab::Packet& segment);
  bool OnHandshakeTimer(Time now);
  bool HandshakeGivesUp(Time now) const;
  void TakeSyn(Time now, lab::Packet& packet);
  // How long the SYN or SYN-ACK waits for its answer before it goes again.
  Duration SynTimeout() const {
    return std::min(RetransmissionTimeout::kInitial * (1 << syn_backoff_), RetransmissionTimeout::kMost);
  }
  bool opening() const { return state_ == State::kSynSent || state_ == State::kSynReceived; }
  bool DefersAccept(const lab::Packet& segment);

  // segments.cc: the steps of OnSegment, and what is left to each state.
  void OnSegmentInTimeWait(Time now, const lab::Packet& segment);
  void OnSegmentForOrphan(Time now, const lab::Packet& segment);
  bool IsOld(const lab::TcpHeader& tcp, uint32_t slack = 0) const;
  // A number beyond anything that is still on its way, as Linux chooses it.
  uint32_t BeyondAllSent() const { return snd_nxt() + 65'535 + 2; }
  void Challenge(Time now);
  void OutOfPlace(Time now, const lab::Packet& segment);
  void OnReset(Time now, const lab::Packet& segment);
  bool TakeSynAck(Time now, const lab::Packet& segment);
  void RefuseSecondSyn(const lab::Packet& segment);
  bool TakeAck(Time now, const lab::Packet& segment);
  bool TakeText(Time now, const lab::Packet& segment);
  void InEstablished(bool fin);
  void InFinWait1(Time now, bool fin);
  void InFinWait2(Time now, bool fin);
  void InClosing(Time now);
  void InLastAck();
  void EnterTimeWait(Time now, Cause cause);
  void LingerInFinWait2(Time now);

  // output.cc
  bool TakeSegment(Time now, lab::Packet& packet);
  void Blank(lab::Packet& packet, lab::Payload text = {});
  void Build(Time now, const Sender::Segment& segment, uint32_t blocks, lab::Packet& packet);
  void TakeReset(lab::Packet& packet);
  // How many blocks the next segment reports.
  uint32_t reported() const;
  // The timestamp of ours that a segment gives back, or 0.
  uint32_t EchoOf(const lab::TcpHeader& tcp) const { return timestamps_ && tcp.timestamps ? tcp.timestamps->echo : 0; }

  Sender sender_;
  Receiver receiver_;
  std::unique_ptr<KeepAlive> keep_alive_;  // few have one
  Time deadline_ = Time::max();  // of the SYN or SYN-ACK; later of TIME-WAIT, or of an orphan's FIN-WAIT-2
  Time syn_sent_{0};             // first
  Time challenged_ = Time::min();  // when a challenge was sent last; min(): none was
  Time last_heard_{0};  // when the peer's last acceptable acknowledgement came

  lab::Endpoint local_;
  lab::Endpoint remote_;
  Kept kept_;
  uint32_t recent_timestamp_ = 0;  // RFC 7323's TS.Recent
  uint32_t segments_in_ = 0;
  uint32_t segments_out_ = 0;
  uint32_t data_segments_in_ = 0;
  uint32_t reset_seq_ = 0;  // where reset_due_
  uint32_t reset_ack_ = 0;  // where reset_acks_
  uint16_t peer_mss_ = 536;
  uint16_t syn_retransmissions_ = 0;
  uint8_t error_ = 0;
  uint8_t soft_error_ = 0;
  State state_;
  uint8_t send_scale_ : 4 = 0;     // of the peer's windows
  uint8_t receive_scale_ : 4 = 0;  // of ours

  uint8_t syn_backoff_ : 3 = 0;    // how often the SYN's wait has doubled

  // What the SYNs agreed on.
  bool scaling_ : 1 = false;
  bool timestamps_ : 1 = false;
  bool sack_ : 1 = false;

  bool syn_due_ : 1 = true;    // the SYN or SYN-ACK is to be sent
  bool reset_due_ : 1 = false;
  bool reset_acks_ : 1 = false;
  bool passive_ : 1 = false;   // a listener's
  bool deferred_ : 1 = false;  // the handshake's last acknowledgement has come, but no data
  bool orphan_ : 1 = false;    // no process has it
  bool remnant_ : 1 = false;   // what Linux keeps of it is no socket any more: it has the host's hops
  bool write_shut_ : 1 = false;
  bool read_shut_ : 1 = false;
  bool failed_ : 1 = false;
};

}  // namespace sim::tcp
