// How a connection begins and ends by calls, and its timers.
#include "sim/tcp/connection.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace sim::tcp {
namespace {

// The length of the headers of IP and TCP, without options.
uint32_t HeadersOf(bool ipv4) { return ipv4 ? 40 : 60; }

uint8_t AsByte(int count) { return static_cast<uint8_t>(std::clamp(count, 0, 255)); }

// For how long data of an orphan is sent again (Linux's tcp_orphan_retries of 0 stands for 8).
constexpr int kOrphanRetries = 8;

}  // namespace

Connection::Kept::Kept(const Options& options, bool ipv4)
    : mtu(options.mtu),
      fin_timeout(std::chrono::duration_cast<Milliseconds>(options.fin_timeout)),
      time_wait(std::chrono::duration_cast<Milliseconds>(options.time_wait)),
      invalid_ratelimit(std::chrono::duration_cast<Milliseconds>(options.invalid_ratelimit)),
      linger2(std::chrono::duration_cast<Milliseconds>(options.linger2)),
      mss(static_cast<uint16_t>(std::min<uint32_t>(options.mtu - HeadersOf(ipv4), UINT16_MAX))),
      syn_retries(AsByte(options.syn_retries)),
      synack_retries(AsByte(options.synack_retries)),
      syn_linear_timeouts(AsByte(options.syn_linear_timeouts)),
      defer_accept(AsByte(options.defer_accept)),
      hops(options.hops),
      type_of_service(options.type_of_service) {
  if (options.max_segment != 0) mss = std::min(mss, options.max_segment);
}

Connection::Connection(State state, const lab::Endpoint& local, const lab::Endpoint& remote, uint32_t iss,
                       const Options& options)
    : sender_(iss, options.send_buffer, options.retries2, options.congestion),
      receiver_(options.receive_buffer),
      local_(local),
      remote_(remote),
      kept_(options, remote.address.is_ipv4()),
      state_(state) {
  sender_.SetNoDelay(options.no_delay);
  sender_.set_cork(options.cork);
  sender_.set_tail_loss_probe(options.tail_loss_probe);
  sender_.set_user_timeout(options.user_timeout);
  receiver_.set_urgent_inline(options.urgent_inline);
  if (options.keep_alive.on) {
    keep_alive_ = std::make_unique<KeepAlive>();
    keep_alive_->Set(Time(0), options.keep_alive, Time(0));
  }
}

Connection::Connection(const lab::Packet& syn, uint32_t iss, const Options& options)
    : Connection(State::kSynReceived, syn.destination, syn.source, iss, options) {
  passive_ = true;
  TakeSynOptions(syn);
}

void Connection::Transition(State to, Cause cause) {
  if (!IsLegal(state_, to, cause)) {
    std::fprintf(stderr, "sim/tcp: no way leads from %s to %s by \"%s\"\n", ToString(state_).data(),
                 ToString(to).data(), ToString(cause).data());
    std::abort();
  }
  state_ = to;
  if (to == State::kClosed) {
    sender_.Stop();
    deadline_ = Time::max();
    keep_alive_.reset();
    write_shut_ = read_shut_ = true;
  }
}

void Connection::Fail(int error, Cause cause) {
  failed_ = true;
  error_ = static_cast<uint8_t>(error);
  Transition(State::kClosed, cause);
}

void Connection::SendReset() { ResetWith(snd_nxt(), rcv_nxt()); }

void Connection::ResetWith(uint32_t seq, std::optional<uint32_t> ack) {
  reset_due_ = true;
  reset_seq_ = seq;
  reset_acks_ = ack.has_value();
  reset_ack_ = ack.value_or(0);
}

int Connection::TakeError() { return std::exchange(error_, uint8_t{0}); }

// --- What the process does ---

// The FIN follows what is queued, and the state says so at once, as in Linux.
void Connection::FinishSending() {
  if (write_shut_) return;
  write_shut_ = true;
  sender_.Finish();
  if (state_ == State::kEstablished) return Transition(State::kFinWait1, Cause::kFinish);
  if (state_ == State::kCloseWait) return Transition(State::kLastAck, Cause::kFinish);
}

void Connection::ShutdownWrite(Time) {
  if (state_ == State::kSynSent) return Fail(ECONNRESET, Cause::kAbandon);
  FinishSending();
}

void Connection::ShutdownRead(Time) {
  read_shut_ = true;
  receiver_.StopUpdates();
}

void Connection::Close(Time now) {
  if (orphan_) return;
  orphan_ = true;
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  if (state_ == State::kSynSent) return Transition(State::kClosed, Cause::kAbandon);
  if (receiver_.unread() > 0) {
    SendReset();
    return Transition(State::kClosed, Cause::kAbort);
  }
  FinishSending();
  sender_.set_retries(kOrphanRetries);
  if (state_ != State::kFinWait2) return;
  if (kept_.linger2 >= Kept::Milliseconds(0)) return LingerInFinWait2(now);
  SendReset();
  Transition(State::kClosed, Cause::kAbort);
}

void Connection::Abort(Time) {
  if (state_ == State::kClosed || state_ == State::kTimeWait) return;
  if (state_ == State::kSynSent) return Transition(State::kClosed, Cause::kAbandon);
  const bool all_sent = (state_ == State::kClosing || state_ == State::kLastAck) && sender_.fin_sent();
  if (!all_sent) SendReset();
  Transition(State::kClosed, Cause::kAbort);
}

size_t Connection::WriteUrgent(Time now, const lab::Payload& bytes) {
  const size_t taken = Write(now, bytes);
  if (taken > 0) sender_.MarkUrgent();
  return taken;
}

int Connection::ReadUrgent(Time, char& byte, bool peek) {
  const bool reset = state_ == State::kClosed && !peer_finished();
  const int result = receiver_.ReadUrgent(byte, peek || reset);
  if (reset && result != -EINVAL) return -ENOTCONN;
  if (result == -EAGAIN && (read_shut_ || peer_finished() || state_ == State::kClosed)) return 0;
  return result;
}

void Connection::SetQuickAck(Time, int value) {
  const bool may_ack = state_ == State::kEstablished || state_ == State::kCloseWait;
  receiver_.acks().SetQuick(value, may_ack && readable() == 0);
}

void Connection::SetLinger2(Duration linger2) {
  kept_.linger2 = std::chrono::duration_cast<Kept::Milliseconds>(linger2);
}

void Connection::SetKeepAlive(Time now, bool on, Duration idle, Duration interval, int count) {
  if (keep_alive_ == nullptr) {
    if (!on) return;
    keep_alive_ = std::make_unique<KeepAlive>();
    if (!opening() && state_ != State::kClosed && state_ != State::kTimeWait) keep_alive_->Start(now);
  }
  keep_alive_->Set(now, {.on = on, .idle = idle, .interval = interval, .count = count}, last_heard_);
}

// --- Time ---

bool Connection::DeadlineMatters() const {
  if (state_ == State::kClosed) return false;
  if ((opening() && deadline_ != Time::max()) || receiver_.acks().deadline() != Time::max()) return true;
  if (keep_alive_ != nullptr && keep_alive_->deadline() != Time::max() && keep_alive_->matters()) return true;
  return sender_.deadline() != Time::max() && !sender_.only_probes();
}

void Connection::OnTimer(Time now) {
  if (state_ == State::kClosed) return;
  if (!opening() && now >= deadline_) return Transition(State::kClosed, Cause::kExpired);
  receiver_.acks().OnTimer(now);
  if (OnHandshakeTimer(now) && sender_.OnTimer(now)) return OnKeepAliveTimer(now);
  Fail(soft_error_ != 0 ? soft_error_ : ETIMEDOUT, Cause::kUnanswered);
}

void Connection::OnKeepAliveTimer(Time now) {
  if (keep_alive_ == nullptr) return;
  switch (keep_alive_->OnTimer(now, last_heard_, sender_.busy(), sender_.user_timeout())) {
    case KeepAlive::Verdict::kNothing: return;
    case KeepAlive::Verdict::kProbe: return sender_.ProbeNow();
    case KeepAlive::Verdict::kGiveUp:
      SendReset();
      return Fail(soft_error_ != 0 ? soft_error_ : ETIMEDOUT, Cause::kUnanswered);
  }
}

void Connection::OnUnreachable(int error) {
  if (opening()) return Fail(error, Cause::kUnreachable);
  soft_error_ = static_cast<uint8_t>(error);
}

}  // namespace sim::tcp
