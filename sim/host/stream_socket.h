// A TCP socket of a host: unconnected, a listener, or one end of a connection.
//
// What each call gives is Linux's: tests/conformance holds it. Nothing here waits (see file.h); results are 0, a count
// or a negative errno.
#pragma once

#include <memory>
#include <optional>

#include "sim/host/host.h"
#include "sim/host/listen_queue.h"
#include "sim/host/socket.h"

namespace sim {

class StreamSocket final : public Socket, private Flow::Owner {
 public:
  // The host must outlive it.
  StreamSocket(Host& host, int domain) : Socket(domain), host_(host) {}
  ~StreamSocket() override;

  int type() const override { return SOCK_STREAM; }
  SocketKind kind() const { return {domain(), SOCK_STREAM, IPPROTO_TCP}; }
  int Bind(const lab::Endpoint& local) override;
  int Listen(int backlog) override;
  int Accept(SocketPtr& accepted, lab::Endpoint& from) override;
  // What Connect would say of the socket's own state: 0, or an error.
  int MayConnect() const;
  int Connect(const lab::Endpoint& remote) override;
  int FinishConnect() override;
  // A connection is reset, and a listener listens no more.
  void Disconnect() override;
  uint32_t disconnects() const override { return disconnects_; }
  int Shutdown(int how) override;
  int SetOption(int level, int option, const void* value, socklen_t length) override;
  int GetOption(int level, int option, void* value, socklen_t* length) override;

  lab::Endpoint local() const override;
  std::optional<lab::Endpoint> remote() const override;
  bool listening() const override { return own_ != nullptr && own_->queue != nullptr; }
  // The connection, or null.
  const FlowPtr& flow() const { return flow_; }

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  // MSG_OOB: the urgent byte; 0 where it can't come any more. Never waits.
  int64_t ReadUrgent(Buffers buffers, int flags, Message& message);
  // Whether the urgent mark is where a call stops that has taken something: at the next byte, or, for a peek, `ahead`
  // bytes behind it.
  bool AtMark(size_t ahead = 0) const;
  size_t readable() const override;
  size_t write_room() const override;
  // All that has come, where one Read would give it, it is no more than `most`, and no call waits for more; or nothing.
  lab::Payload Arrived(size_t most) const;
  void Release() override;
  StreamSocket* AsStream() override { return this; }
  int access_mode() const override;

 private:
  // What those who wait have been told of the connection. A change is news, once; so edge-triggered epoll is as in
  // Linux.
  struct Told {
    Told() = default;
    explicit Told(const tcp::Connection& connection)
        : rcv_nxt(connection.rcv_nxt()),
          state(connection.state()),
          failed(connection.error() != 0),
          urgent(connection.urgent_ready()) {}
    uint32_t rcv_nxt = 0;
    tcp::State state = tcp::State::kClosed;
    bool failed = false;
    bool urgent = false;
  };

  // What the socket has without a connection: a name, and who waits there.
  struct Own {
    PortClaim claim;                    // from bind
    lab::Endpoint last;                 // what it was called before it lost its port; port 0: it had none
    std::unique_ptr<ListenQueue> queue;  // a listener's
  };

  Own& own() {
    if (own_ == nullptr) own_.reset(new Own{.claim = {}, .last = {any(), 0}, .queue = {}});
    return *own_;
  }
  bool has_claim() const { return own_ != nullptr && own_->claim.held(); }
  // What it is called without a connection.
  lab::Endpoint own_name() const {
    if (own_ == nullptr) return {any(), 0};
    return own_->claim.held() ? lab::Endpoint{own_->claim.address(), own_->claim.port()} : own_->last;
  }
  // Only where listening().
  ListenQueue& queue() const { return *own_->queue; }
  void OnChange(Flow& flow) override;
  // Disconnect, by whatever ends the connection.
  void LoseConnection();
  // What the options say of a claim that is not made yet.
  void Prepare(PortClaim& claim) const;
  // The connection is over; Linux's TCP_CLOSE.
  bool Over() const;
  // It has a port of its own, which is not only in its name.
  bool HasPort() const;
  // The events that have come since that was asked last.
  short News();
  // The local end of a connection to `remote`, and the number that it must begin with, if any. Where the socket has no
  // port, `chosen` claims one.
  int Claim(const lab::Endpoint& remote, PortClaim& chosen, lab::Endpoint& local, std::optional<uint32_t>& iss);
  short ReadyOfConnection() const;
  std::optional<int> LiveNumber(int level, int option);
  int GetInfo(const OptionRoom& room) const;
  int TakeError();
  void LosePort();

  Host& host_;
  std::unique_ptr<Own> own_;           // null: neither bound nor given up
  FlowPtr flow_;                       // a connection's, from connect's beginning on
  bool port_asked_ = false;            // bind was given a port: it stays with the socket
  bool all_addresses_ = false;         // is what bind was given, and again once the connection is given up
  bool connecting_ = false;
  bool bound_again_ = false;           // after the connection's end
  bool spoke_ipv4_ = false;            // the last way that it took, or still takes, was IPv4
  bool given_up_ = false;              // a connect that had failed was shut down before it was told: there is no other
  // Somebody found no space to write since there was some: when there is again, that is news (Linux's SOCK_NOSPACE).
  mutable bool no_space_ = false;
  uint8_t shut_ = 0;                   // SHUT_RD + 1 and SHUT_WR + 1, where that was asked for without a connection
  int error_ = 0;                      // of a connection that was given up
  uint32_t disconnects_ = 0;
  Told told_;
};

}  // namespace sim
