// The two queues of a listening socket, as Linux keeps them.
//
// The SYN queue holds connections whose handshake is not complete, the accept queue those that wait for accept. Both
// are bounded by the backlog:
//  - The accept queue is full once it holds backlog + 1. Then a SYN is dropped. A last ACK of a handshake is dropped
//    too, so that the client believes in a connection that the server doesn't have yet; or reset, under
//    tcp_abort_on_overflow.
//  - The SYN queue is full once it holds backlog + 1. Then a SYN is answered with a cookie: nothing is kept
//    until the last ACK brings the cookie back, and if the accept queue is full at that moment the ACK is dropped
//    whatever tcp_abort_on_overflow says. Without tcp_syncookies the SYN is dropped.
// A kernel's cookie carries the SYN's options in its sequence number and timestamp; here they are kept beside, for the
// same two minutes.
#pragma once

#include <deque>
#include <functional>

#include "absl/strings/string_view.h"
#include "lab/wire/packet.h"
#include "sim/host/flow.h"
#include "sim/host/host.h"
#include "sim/host/socket_options.h"

namespace sim {

class ListenQueue final : private Flow::Owner {
 public:
  // What the listening socket gives to its connections.
  struct Settings {
    const SocketOptions* socket = nullptr;  // must outlive the queue
    std::function<void()> on_ready;         // a connection has come into the accept queue
    // What was shut down before it listened, which its connections are from their beginning, as in Linux.
    bool read_shut = false;
    bool write_shut = false;
  };

  ListenQueue(Host& host, lab::Endpoint local, int backlog, Settings settings);
  // As a kernel does when the listening socket is closed: what waits to be accepted is reset, and half-open connections
  // are forgotten.
  ~ListenQueue() override;

  const lab::Endpoint& local() const { return local_; }
  // Where its address is ::, whether it leaves IPv4 to others.
  bool ipv6_only() const { return (*settings_.socket)->ipv6_only; }
  // As listen gives it: cut to somaxconn, negative ones too.
  void set_backlog(int backlog);
  size_t backlog() const { return backlog_; }

  // A segment to the listening port for which there is no connection.
  void OnSegment(const lab::Packet& segment);
  // A SYN, to be answered with the initial sequence number `iss` where it is taken.
  void OnSyn(const lab::Packet& syn, uint32_t iss);

  bool empty() const { return accept_queue_.empty(); }
  size_t waiting() const { return accept_queue_.size(); }
  // A connection whose handshake is complete, with the options that its listener had then.
  struct Waiting {
    FlowPtr flow;
    SocketOptions options;
  };
  // The one that has waited longest, which the caller then owns. Only where not empty().
  Waiting Take();

 private:
  struct Cookie {
    Time made;
    lab::Packet syn;
    uint32_t iss;
  };
  static constexpr size_t kMostCookies = 4'096;

  void OnChange(Flow& flow) override;
  bool Admits(Flow& flow, const lab::Packet& segment) override;

  bool AcceptQueueFull() const { return accept_queue_.size() > backlog_; }
  bool SynQueueFull() const { return syn_queue_.size() > backlog_; }
  // Whether the segment brings a cookie back.
  bool OnCookie(const lab::Packet& segment);
  void SendCookie(const lab::Packet& syn, uint32_t iss);
  FlowPtr Open(const lab::Packet& syn, uint32_t iss);
  tcp::Options OptionsFor(const lab::Packet& syn) const;
  void Dropped(absl::string_view what, const lab::Packet& segment, absl::string_view why);

  Host& host_;
  const lab::Endpoint local_;
  Settings settings_;
  size_t backlog_ = 0;
  std::deque<FlowPtr> syn_queue_;
  std::deque<Waiting> accept_queue_;
  std::deque<Cookie> cookies_;
};

}  // namespace sim
