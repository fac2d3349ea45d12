// One end of a TCP connection whose network is a test: the sans-I/O connection of sim/tcp, or a socket of the kernel
// behind a TUN device. A script (script.h) plays the other end.
//
// Which of the two it is is decided by what a test is linked with (endpoint_sim.cc, endpoint_real.cc). Nothing blocks,
// but for Await. One endpoint has one connection in its life.
#pragma once

#include <netinet/tcp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lab/sockets/process.h"
#include "lab/wire/packet.h"
#include "sim/tcp/segment_script.h"

namespace segments {

using sim::tcp::kPeer;
using sim::tcp::kUs;

// What must be set before there is a connection.
struct Settings {
  uint32_t mtu = 65'535;
  int send_buffer = 0;     // SO_SNDBUF's value; 0: the default
  int receive_buffer = 0;
  int syn_retries = 6;
  int syn_linear_timeouts = 4;
  int synack_retries = 5;
  int retries2 = 15;
  int fin_timeout_s = 60;
  int invalid_ratelimit_ms = 0;  // Linux's default is 500: scripts are easier to read without
  bool tail_loss_probe = false;  // Linux sends one by default: scripts are easier to read without
  int max_segment = 0;           // TCP_MAXSEG
  int defer_accept_s = 0;        // TCP_DEFER_ACCEPT
  const char* congestion = "reno";
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;

  // Begins to connect from kUs to kPeer, with `iss` as its initial sequence number.
  virtual void Connect(uint32_t iss) = 0;
  // Waits at kUs for a client.
  virtual void Listen() = 0;

  // A packet comes for it.
  virtual void Arrive(const lab::Packet& packet) = 0;
  // What it has sent, in order.
  virtual std::optional<lab::Packet> Next() = 0;
  // Lets time pass until it sends something; nothing where it never will, or not within a minute of the kernel's.
  virtual std::optional<lab::Packet> Await() = 0;
  virtual void Pass(lab::Duration time) = 0;
  // Lets time pass until it is in that state; false where it never will be.
  virtual bool AwaitState(std::string_view state) = 0;

  // --- The process: counts, or a negative errno, and nothing waits ---
  virtual int64_t Write(std::string_view bytes, int flags) = 0;
  virtual int64_t Read(size_t length, int flags, std::string& bytes) = 0;
  virtual int Shutdown(int how) = 0;
  virtual void Close() = 0;
  // Of the connection; also while it opens.
  virtual int SetOption(int level, int option, int value) = 0;
  virtual int TakeError() = 0;          // SO_ERROR; EBADF where no process has it
  virtual size_t Readable() = 0;        // FIONREAD
  virtual bool AtMark() = 0;            // SIOCATMARK
  virtual bool UrgentReady() = 0;       // POLLPRI
  virtual size_t Unacknowledged() = 0;  // SIOCOUTQ
  virtual tcp_info Info() = 0;          // TCP_INFO

  // As RFC 9293 spells it; CLOSED where there is no connection.
  virtual std::string State() = 0;
};

std::unique_ptr<Endpoint> MakeEndpoint(const Settings& settings);
// A sentence that says why there can be none on this machine; empty where there can.
std::string WhyNoEndpoint();

}  // namespace segments
