// A UDP socket of a host: unconnected, or connected to one peer whose datagrams alone it takes.
//
// What each call gives is Linux's: tests/conformance holds it, docs/udp.md lists it. Nothing here waits (see file.h);
// results are 0, a count or a negative errno. Inside a host datagrams and errors arrive within the call that sends
// them, as on Linux; none waits to be sent.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "sim/host/host.h"
#include "sim/host/socket.h"
#include "sim/udp/error_queue.h"
#include "sim/udp/inbox.h"
#include "sim/udp/table.h"

namespace sim {

class DatagramSocket final : public Socket, private udp::Binding::Owner {
 public:
  // The host must outlive it.
  DatagramSocket(Host& host, int domain)
      : Socket(domain), host_(host), binding_(*this), bound_address_(any()) {}

  int type() const override { return SOCK_DGRAM; }
  bool keeps_messages() const override { return true; }
  int Bind(const lab::Endpoint& local) override;
  int Listen(int) override { return -EOPNOTSUPP; }
  int Accept(SocketPtr&, lab::Endpoint&) override { return -EOPNOTSUPP; }
  int Connect(const lab::Endpoint& remote) override;
  int FinishConnect() override { return 0; }
  // Takes datagrams from everybody again; what connect chose (address, port) is given up.
  void Disconnect() override;
  int Shutdown(int how) override;
  int SetOption(int level, int option, const void* value, socklen_t length) override;
  int GetOption(int level, int option, void* value, socklen_t* length) override;
  lab::Endpoint local() const override;
  std::optional<lab::Endpoint> remote() const override;

  int BindAnywhere() override;
  int CheckMessage(size_t length, int flags) const override;
  int64_t SendMessage(Buffers buffers, const Dispatch& dispatch, int flags) override;
  int64_t ReceiveMessage(Buffers buffers, int flags, Message& message) override;

  short Ready() const override;
  int64_t Read(Buffers buffers, size_t offset, size_t length, int flags) override;
  int64_t Write(Buffers buffers, size_t offset, size_t length, int flags) override;
  // Of the next datagram.
  size_t readable() const override { return inbox_.empty() ? 0 : inbox_.front().payload.size(); }
  void Release() override;
  int access_mode() const override;

 private:
  void OnDatagram(const lab::Packet& packet) override;
  void OnError(const lab::Packet& icmp, const lab::Quoted& quoted) override;

  // Where datagrams to `to` go, and from which address if `source` is none: what the routes of a host say. 0, or a
  // negative errno.
  int Route(lab::IpAddress& to, lab::IpAddress& source) const;
  // Whether a packet of that size may leave. 0, -EMSGSIZE, or -ENOBUFS where there is no room for its pieces.
  int CheckSize(const lab::Packet& packet);
  // Tells what IP_PKTINFO and its like ask for.
  void Describe(const udp::Datagram& datagram, AncillaryRoom& room) const;
  int64_t TakeSentError(Buffers buffers, Message& message);
  udp::ErrorQueue& sent_errors();
  void Wake(short events) { waiters().Wake(host_.engine().scheduler(), events); }
  int TakeError() { return std::exchange(error_, 0); }

  Host& host_;
  udp::Binding binding_;
  udp::Inbox inbox_;
  lab::IpAddress bound_address_;  // what bind was told
  bool bound_port_ = false;     // whether bind was told a port
  int error_ = 0;
  std::unique_ptr<udp::ErrorQueue> sent_errors_;  // made when it is first needed
  bool read_shut_ = false;
  bool write_shut_ = false;
};

}  // namespace sim
