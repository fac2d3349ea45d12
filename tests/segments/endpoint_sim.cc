// The sans-I/O connection as an endpoint, in a time of its own.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "sim/host/tcp_info.h"
#include "sim/tcp/connection.h"
#include "tests/segments/endpoint.h"

namespace segments {
namespace {

using sim::tcp::Connection;

class SimEndpoint final : public Endpoint {
 public:
  explicit SimEndpoint(const Settings& settings) {
    options_.mtu = settings.mtu;
    // Linux doubles what it is asked for, for its bookkeeping.
    if (settings.send_buffer != 0) options_.send_buffer = settings.send_buffer;
    if (settings.receive_buffer != 0) options_.receive_buffer = settings.receive_buffer;
    options_.syn_retries = settings.syn_retries;
    options_.syn_linear_timeouts = settings.syn_linear_timeouts;
    options_.synack_retries = settings.synack_retries;
    options_.retries2 = settings.retries2;
    options_.tail_loss_probe = settings.tail_loss_probe;
    options_.congestion = settings.congestion == std::string_view("reno") ? sim::tcp::CongestionControl::kReno
                                                                          : sim::tcp::CongestionControl::kCubic;
    options_.invalid_ratelimit = std::chrono::milliseconds(settings.invalid_ratelimit_ms);
    options_.fin_timeout = std::chrono::seconds(settings.fin_timeout_s);
    options_.max_segment = static_cast<uint16_t>(settings.max_segment);
    options_.defer_accept = sim::tcp::DeferAcceptTimeouts(settings.defer_accept_s);
  }

  void Connect(uint32_t iss) override { connection_ = std::make_unique<Connection>(kUs, kPeer, iss, options_); }
  void Listen() override { listening_ = true; }

  // What is for no connection is the listener's, or answered as a host does.
  void Arrive(const lab::Packet& packet) override {
    const bool over = connection_ == nullptr || connection_->state() == sim::tcp::State::kClosed;
    if (!over) {
      connection_->OnSegment(now_, packet);
      return Settle();
    }
    const lab::TcpHeader& tcp = packet.tcp;
    if (listening_ && tcp.syn && !tcp.ack_flag && !tcp.rst) {
      connection_ = std::make_unique<Connection>(packet, kIss, options_);
    } else if (auto reset = Connection::ResetFor(packet)) {
      sent_.push_back(*std::move(reset));
    }
  }

  std::optional<lab::Packet> Next() override {
    Settle();
    if (sent_.empty()) return std::nullopt;
    const lab::Packet first = sent_.front();
    sent_.pop_front();
    return first;
  }

  std::optional<lab::Packet> Await() override {
    while (true) {
      if (auto packet = Next()) return packet;
      if (!Expire()) return std::nullopt;
    }
  }

  bool AwaitState(std::string_view state) override {
    while (State() != state) {
      Settle();
      if (!Expire()) return false;
    }
    return true;
  }

  void Pass(lab::Duration time) override {
    const lab::Time end = now_ + time;
    while (connection_ != nullptr && connection_->Deadline() && *connection_->Deadline() <= end) {
      Expire();
      Settle();
    }
    now_ = end;
  }

  int64_t Write(std::string_view bytes, int flags) override {
    const sim::tcp::State state = connection_->state();
    if (state == sim::tcp::State::kSynSent || state == sim::tcp::State::kSynReceived) return -EAGAIN;
    if (connection_->write_shut()) return connection_->error() != 0 ? -connection_->TakeError() : -EPIPE;
    const lab::Payload payload = lab::Payload::Copy(bytes);
    const size_t taken = (flags & MSG_OOB) != 0 ? connection_->WriteUrgent(now_, payload)
                                                : connection_->Write(now_, payload, (flags & MSG_MORE) != 0);
    Settle();
    return taken > 0 ? static_cast<int64_t>(taken) : -EAGAIN;
  }

  int64_t Read(size_t length, int flags, std::string& bytes) override {
    if ((flags & MSG_OOB) != 0) {
      bytes.resize(1);
      return connection_->ReadUrgent(now_, bytes[0], (flags & MSG_PEEK) != 0);
    }
    bytes = connection_->Read(now_, length, (flags & MSG_PEEK) != 0).ToString();
    Settle();
    if (!bytes.empty()) return static_cast<int64_t>(bytes.size());
    if (connection_->peer_finished()) return 0;
    if (connection_->error() != 0) return -connection_->TakeError();
    return connection_->read_shut() ? 0 : -EAGAIN;
  }

  int Shutdown(int how) override {
    if (how != SHUT_WR) connection_->ShutdownRead(now_);
    if (how != SHUT_RD) connection_->ShutdownWrite(now_);
    Settle();
    return 0;
  }

  void Close() override {
    abort_on_close_ ? connection_->Abort(now_) : connection_->Close(now_);
    closed_ = true;
    Settle();
  }

  int SetOption(int level, int option, int value) override {
    const int result = level == SOL_SOCKET ? SetSocketOption(option, value) : SetTcpOption(option, value);
    Settle();
    return result;
  }

  int TakeError() override { return closed_ ? EBADF : connection_->TakeError(); }
  size_t Readable() override { return connection_->before_mark(); }
  bool AtMark() override { return connection_->at_mark(); }
  bool UrgentReady() override { return connection_->urgent_ready(); }
  size_t Unacknowledged() override { return connection_->unacknowledged(); }
  tcp_info Info() override {
    tcp_info info{};
    socklen_t length = sizeof info;
    EXPECT_EQ(0, sim::StoreConnectionInfo(connection_->GetInfo(now_), sim::OptionRoom(IPPROTO_TCP, &info, &length)));
    return info;
  }
  std::string State() override {
    return std::string(connection_ == nullptr ? "CLOSED" : ToString(connection_->state()));
  }

 private:
  static constexpr uint32_t kIss = 3'000;

  int SetTcpOption(int option, int value) {
    switch (option) {
      case TCP_NODELAY: connection_->SetNoDelay(now_, value != 0); return 0;
      case TCP_CORK: connection_->SetCork(now_, value != 0); return 0;
      case TCP_QUICKACK: connection_->SetQuickAck(now_, value); return 0;
      case TCP_USER_TIMEOUT: connection_->SetUserTimeout(now_, std::chrono::milliseconds(value)); return 0;
      case TCP_LINGER2: connection_->SetLinger2(std::chrono::seconds(value)); return 0;
      case TCP_KEEPIDLE: keep_alive_.idle = std::chrono::seconds(value); break;
      case TCP_KEEPINTVL: keep_alive_.interval = std::chrono::seconds(value); break;
      case TCP_KEEPCNT: keep_alive_.count = value; break;
      default: return -ENOPROTOOPT;
    }
    return ApplyKeepAlive();
  }

  int SetSocketOption(int option, int value) {
    if (option == SO_LINGER) {
      abort_on_close_ = true;
      return 0;
    }
    if (option == SO_OOBINLINE) {
      connection_->SetUrgentInline(value != 0);
      return 0;
    }
    if (option != SO_KEEPALIVE) return -ENOPROTOOPT;
    keep_alive_.on = value != 0;
    return ApplyKeepAlive();
  }

  int ApplyKeepAlive() {
    connection_->SetKeepAlive(now_, keep_alive_.on, keep_alive_.idle, keep_alive_.interval, keep_alive_.count);
    return 0;
  }

  // Takes what is to be sent.
  void Settle() {
    if (connection_ == nullptr) return;
    for (lab::Packet packet; connection_->NextSegment(now_, packet);) sent_.push_back(std::move(packet));
  }

  // Goes to the next deadline and does what is due there; false where there is none.
  bool Expire() {
    const std::optional<lab::Time> deadline = connection_ != nullptr ? connection_->Deadline() : std::nullopt;
    if (!deadline) return false;
    now_ = std::max(now_, *deadline);
    connection_->OnTimer(now_);
    return true;
  }

  sim::tcp::Options options_;
  sim::tcp::KeepAliveOptions keep_alive_;
  bool listening_ = false;
  bool abort_on_close_ = false;
  bool closed_ = false;
  lab::Time now_{std::chrono::seconds(100)};
  std::unique_ptr<Connection> connection_;
  std::deque<lab::Packet> sent_;
};

}  // namespace

std::unique_ptr<Endpoint> MakeEndpoint(const Settings& settings) { return std::make_unique<SimEndpoint>(settings); }
std::string WhyNoEndpoint() { return ""; }

}  // namespace segments
