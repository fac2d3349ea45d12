// What the conformance tests are written with: one body a test, over lab::World and lab::Sockets, linked once with
// the simulated world and once with the real one. The kernel is the specification: every expectation here was
// seen to hold in the real world first.
//
//     TEST_F(CloseTest, PeerReadsEndOfFile) {
//       Start(server_, "server", [](Self& self) { self->close(self.Accept(self.Listen(kPort, 5))); });
//       ASSERT_TRUE(WaitUntilListening(server_, kPort));
//       Start(client_, "client", [this](Self& self) {
//         self.Gives(self->recv(self.Connect(address(server_), kPort), ...), 0);
//       });
//       ASSERT_TRUE(Finish());
//     }
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lab/world/world.h"

namespace conformance {

using namespace std::chrono_literals;

using lab::Duration;
using lab::HostId;
using lab::Knobs;
using lab::LinkOptions;
using lab::Packet;
using lab::ProcessId;
using lab::Rule;
using lab::Time;

constexpr uint16_t kPort = 9999;
constexpr uint32_t kLoopback = INADDR_LOOPBACK;
// Long enough for a busy machine; no test that passes waits for it.
constexpr Duration kLimit = 30s;

// How much longer something may take in the real world than the kernel itself makes it.
constexpr Duration kNoise = 10s;

// An Internet address as the calls take it, alive for the expression it stands in.
class At {
 public:
  At(uint32_t address, uint16_t port) {
    in_.sin_family = AF_INET;
    in_.sin_addr.s_addr = htonl(address);
    in_.sin_port = htons(port);
  }
  operator const sockaddr*() const { return reinterpret_cast<const sockaddr*>(&in_); }

  static constexpr socklen_t kLength = sizeof(sockaddr_in);

 private:
  sockaddr_in in_{};
};

// "10.0.0.1:9999", as Self::Name gives it.
inline std::string Text(uint32_t address, uint16_t port) { return lab::ToString(lab::Endpoint{address, port}); }

// `length` bytes that tell where they stand in their stream.
std::string Numbered(size_t length);

// A process from inside. An expectation that fails is reported, fails the test and ends the process.
class Self {
 public:
  Self(lab::Process& process, lab::WorldKind kind) : process_(process), kind_(kind) {}

  lab::Sockets* operator->() { return &process_.sockets(); }
  lab::Process& process() { return process_; }
  Time now() { return process_.now(); }
  void Report(std::string_view key, std::string_view value = "") { process_.report(key, value); }

  using Where = std::source_location;

  // The call succeeded; gives its result.
  int Ok(long result, Where where = Where::current());
  // The call gave this, with errno out of the play.
  void Gives(long result, long expected, Where where = Where::current());
  // The call gave -1 and this errno.
  void Fails(long result, int error, Where where = Where::current());
  void Equal(std::string_view actual, std::string_view expected, Where where = Where::current());
  void Equal(long actual, long expected, Where where = Where::current());
  // At least `least` and less than `below`; a busy machine may take kNoise longer.
  void Between(Duration actual, Duration least, Duration below, Where where = Where::current());
  void True(bool condition, std::string_view what, Where where = Where::current());

  int Socket(int flags = 0, Where where = Where::current());
  // A datagram socket, and one that is bound.
  int Datagram(int flags = 0, Where where = Where::current());
  int Bind(uint16_t port, uint32_t address = INADDR_ANY, Where where = Where::current());
  int Listen(uint16_t port, int backlog, uint32_t address = INADDR_ANY, Where where = Where::current());
  // Sockets that block until they are connected.
  int Connect(uint32_t address, uint16_t port, Where where = Where::current());
  int Accept(int listener, Where where = Where::current());
  // A non-blocking socket whose connect is on its way.
  int BeginConnect(uint32_t address, uint16_t port, Where where = Where::current());
  // A connection over 127.0.0.1 with both its ends in this process: first the client's, then the server's.
  std::pair<int, int> Pair(Where where = Where::current());

  // Sends all of it, waiting as long as it takes.
  void Send(int fd, std::string_view bytes, Where where = Where::current());
  // Receives exactly that many bytes; and all until the end of file.
  std::string Receive(int fd, size_t length, Where where = Where::current());
  std::string ReceiveAll(int fd, Where where = Where::current());
  // The next recv says that the peer sends no more.
  void ExpectEnd(int fd, Where where = Where::current());

  // Sends one datagram, all of it; and receives one with the address that it came from ("10.0.0.1:9999").
  void SendTo(int fd, std::string_view bytes, uint32_t address, uint16_t port, Where where = Where::current());
  struct From {
    std::string bytes;
    std::string address;
  };
  From ReceiveFrom(int fd, int flags = 0, Where where = Where::current());
  // Receives one datagram, which is this.
  void ExpectDatagram(int fd, std::string_view bytes, Where where = Where::current());
  // No datagram waits.
  void ExpectNone(int fd, Where where = Where::current());

  // Polls one descriptor; gives its events, 0 when the time is up.
  int Poll(int fd, int events, int timeout_ms, Where where = Where::current());
  // Waits until the descriptor's events are these, exactly.
  void WaitForEvents(int fd, int asked, int expected, Where where = Where::current());
  // SO_ERROR, which this clears.
  int TakeError(int fd, Where where = Where::current());
  int Option(int fd, int level, int name, Where where = Where::current());
  void SetOption(int fd, int level, int name, int value, Where where = Where::current());
  void SetNonBlocking(int fd, Where where = Where::current());
  void SetLinger(int fd, int seconds, Where where = Where::current());
  void Close(int fd, Where where = Where::current());
  // The descriptor's own address or its peer's: "10.0.0.1:9999".
  std::string Name(int fd, Where where = Where::current());
  std::string PeerName(int fd, Where where = Where::current());
  uint16_t LocalPort(int fd, Where where = Where::current());

  // Waits until the test opens this gate of the host (`ConformanceTest::Open`).
  void PassGate(uint16_t gate, Where where = Where::current());

 private:
  lab::Process& process_;
  lab::WorldKind kind_;
};

class ConformanceTest : public ::testing::Test {
 protected:
  using Body = std::function<void(Self&)>;

  // A world with the hosts `server_` and `client_` and a link with Linux's defaults; or a skipped test.
  void SetUp() override;

  lab::World& world() { return *world_; }
  HostId AddHost(const std::string& name, const Knobs& knobs = {}) { return world().AddHost({name, knobs}); }
  uint32_t address(HostId host) const { return world_->address(host); }

  ProcessId Start(HostId host, const std::string& name, Body body) {
    return StartWith(host, {.name = name}, std::move(body));
  }
  ProcessId StartWith(HostId host, const lab::StartOptions& options, Body body);
  // A single process that is all of the test.
  void Alone(Body body);

  // These let time pass until then; a failure explains itself with what the processes reported and the packets.
  testing::AssertionResult WaitUntilListening(HostId host, uint16_t port);
  testing::AssertionResult WaitUntilBound(HostId host, uint16_t port);
  testing::AssertionResult WaitForReport(ProcessId process, std::string_view key);
  testing::AssertionResult WaitForExit(ProcessId process);
  // Lets the process at the gate go on, once it has come there.
  testing::AssertionResult WaitForGate(HostId host, uint16_t gate);
  testing::AssertionResult Open(HostId host, uint16_t gate);
  // Until all processes, except those that were killed, have ended as they should.
  testing::AssertionResult Finish();

  // Ends the process; its end is no failure.
  void Kill(ProcessId process);
  void ExpectEndsWith(ProcessId process, int exit_status) { expected_[process] = exit_status; }
  const lab::Outcome& outcome(ProcessId process) const { return world_->outcome(process); }

  HostId server_ = -1;
  HostId client_ = -1;

 private:
  testing::AssertionResult Wait(const std::function<bool()>& condition, const std::string& what);
  bool Failed() const;
  std::string Explain();

  std::unique_ptr<lab::World> world_;
  std::vector<std::pair<std::string, ProcessId>> processes_;
  std::map<ProcessId, int> expected_;
};

}  // namespace conformance
