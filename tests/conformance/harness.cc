#include "tests/conformance/harness.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "tests/conformance/make_world.h"

namespace conformance {
namespace {

constexpr char kFailure[] = "failure";
// Any seed does: a test that depends on which one has the wrong expectation.
constexpr uint64_t kSeed = 20'261'123;

// A gate is a port of its host's loopback.
constexpr uint16_t kFirstGate = 6000;

// Ends a process whose expectation failed.
struct ExpectationFailed {};

std::string Errno(int error) {
  const char* name = strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

std::string Result(long result) {
  return result == -1 ? "-1 " + Errno(errno) : std::to_string(result);
}

[[noreturn]] void Fail(lab::Process& process, const std::string& what, const Self::Where& where) {
  const std::string_view file = where.file_name();
  std::ostringstream line;
  line << file.substr(file.rfind('/') + 1) << ":" << where.line() << ": " << what;
  process.report(kFailure, line.str());
  throw ExpectationFailed();
}

std::string Quoted(std::string_view text) {
  constexpr size_t kMost = 80;
  if (text.size() <= kMost) return "\"" + std::string(text) + "\"";
  return std::to_string(text.size()) + " bytes \"" + std::string(text.substr(0, kMost)) + "\"…";
}

}  // namespace

std::string Numbered(size_t length) {
  std::string bytes;
  bytes.reserve(length + 12);
  while (bytes.size() < length) bytes += std::to_string(bytes.size()) + ",";
  bytes.resize(length);
  return bytes;
}

int Self::Ok(long result, Where where) {
  if (result < 0) Fail(process_, "gave " + Result(result) + ", expected success", where);
  return static_cast<int>(result);
}

void Self::Gives(long result, long expected, Where where) {
  if (result == expected) return;
  Fail(process_, "gave " + Result(result) + ", expected " + std::to_string(expected), where);
}

void Self::Fails(long result, int error, Where where) {
  if (result == -1 && errno == error) return;
  Fail(process_, "gave " + Result(result) + ", expected -1 " + Errno(error), where);
}

void Self::Equal(std::string_view actual, std::string_view expected, Where where) {
  if (actual == expected) return;
  const auto [at, unused] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  Fail(process_,
       Quoted(actual) + ", expected " + Quoted(expected) + "; they differ from byte " +
           std::to_string(at - actual.begin()) + " on",
       where);
}

void Self::Equal(long actual, long expected, Where where) {
  if (actual == expected) return;
  Fail(process_, std::to_string(actual) + ", expected " + std::to_string(expected), where);
}

void Self::Between(Duration actual, Duration least, Duration below, Where where) {
  if (kind_ == lab::WorldKind::kReal) below += kNoise;
  if (actual >= least && actual < below) return;
  const auto us = [](Duration d) { return std::to_string(d / 1us) + " µs"; };
  Fail(process_, "took " + us(actual) + ", expected at least " + us(least) + " and less than " + us(below), where);
}

void Self::True(bool condition, std::string_view what, Where where) {
  if (!condition) Fail(process_, "expected that " + std::string(what), where);
}

int Self::Socket(int flags, Where where) {
  return Ok(process_.sockets().socket(AF_INET, SOCK_STREAM | flags, 0), where);
}

int Self::Datagram(int flags, Where where) {
  return Ok(process_.sockets().socket(AF_INET, SOCK_DGRAM | flags, 0), where);
}

int Self::Bind(uint16_t port, uint32_t address, Where where) {
  const int fd = Datagram(0, where);
  Gives(process_.sockets().bind(fd, At(address, port), At::kLength), 0, where);
  return fd;
}

int Self::Listen(uint16_t port, int backlog, uint32_t address, Where where) {
  const int fd = Socket(0, where);
  Gives(process_.sockets().bind(fd, At(address, port), At::kLength), 0, where);
  Gives(process_.sockets().listen(fd, backlog), 0, where);
  return fd;
}

int Self::Connect(uint32_t address, uint16_t port, Where where) {
  const int fd = Socket(0, where);
  Gives(process_.sockets().connect(fd, At(address, port), At::kLength), 0, where);
  return fd;
}

int Self::Accept(int listener, Where where) {
  return Ok(process_.sockets().accept(listener, nullptr, nullptr), where);
}

int Self::BeginConnect(uint32_t address, uint16_t port, Where where) {
  const int fd = Socket(SOCK_NONBLOCK, where);
  Fails(process_.sockets().connect(fd, At(address, port), At::kLength), EINPROGRESS, where);
  return fd;
}

std::pair<int, int> Self::Pair(Where where) {
  const int listener = Listen(0, 1, kLoopback, where);
  const int client = Connect(kLoopback, LocalPort(listener, where), where);
  const int server = Accept(listener, where);
  Close(listener, where);
  return {client, server};
}

void Self::Send(int fd, std::string_view bytes, Where where) {
  while (!bytes.empty()) {
    const ssize_t sent = process_.sockets().send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      Poll(fd, POLLOUT, -1, where);
      continue;
    }
    bytes.remove_prefix(static_cast<size_t>(Ok(sent, where)));
  }
}

std::string Self::Receive(int fd, size_t length, Where where) {
  std::string bytes(length, '\0');
  size_t received = 0;
  while (received < length) {
    const ssize_t got = process_.sockets().recv(fd, bytes.data() + received, length - received, 0);
    if (got < 0 && errno == EAGAIN) {
      Poll(fd, POLLIN, -1, where);
      continue;
    }
    if (Ok(got, where) == 0) Fail(process_, "end of file after " + std::to_string(received) + " bytes", where);
    received += static_cast<size_t>(got);
  }
  return bytes;
}

std::string Self::ReceiveAll(int fd, Where where) {
  std::string bytes;
  std::string buffer(65'536, '\0');
  for (;;) {
    const ssize_t got = process_.sockets().recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) {
      Poll(fd, POLLIN, -1, where);
      continue;
    }
    if (Ok(got, where) == 0) return bytes;
    bytes.append(buffer, 0, static_cast<size_t>(got));
  }
}

void Self::ExpectEnd(int fd, Where where) {
  Poll(fd, POLLIN, -1, where);
  char byte;
  Gives(process_.sockets().recv(fd, &byte, 1, 0), 0, where);
}

void Self::SendTo(int fd, std::string_view bytes, uint32_t address, uint16_t port, Where where) {
  Gives(process_.sockets().sendto(fd, bytes.data(), bytes.size(), 0, At(address, port), At::kLength),
        static_cast<long>(bytes.size()), where);
}

Self::From Self::ReceiveFrom(int fd, int flags, Where where) {
  std::string bytes(70'000, '\0');
  sockaddr_in in{};
  socklen_t length = sizeof in;
  const ssize_t received = process_.sockets().recvfrom(fd, bytes.data(), bytes.size(), flags,
                                                       reinterpret_cast<sockaddr*>(&in), &length);
  bytes.resize(static_cast<size_t>(Ok(received, where)));
  Equal(length, sizeof in, where);
  return {std::move(bytes), Text(ntohl(in.sin_addr.s_addr), ntohs(in.sin_port))};
}

void Self::ExpectDatagram(int fd, std::string_view bytes, Where where) {
  Equal(ReceiveFrom(fd, 0, where).bytes, bytes, where);
}

void Self::ExpectNone(int fd, Where where) {
  char byte;
  Fails(process_.sockets().recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN, where);
}

int Self::Poll(int fd, int events, int timeout_ms, Where where) {
  pollfd polled{fd, static_cast<short>(events), 0};
  const int ready = Ok(process_.sockets().poll(&polled, 1, timeout_ms), where);
  Equal(ready, polled.revents != 0, where);
  return polled.revents;
}

void Self::WaitForEvents(int fd, int asked, int expected, Where where) {
  const Time limit = now() + kLimit / 3;
  int events = 0;
  // Events come one after another (data, then the end): poll would come back with the first.
  while ((events = Poll(fd, asked, 0, where)) != expected && now() < limit) process_.sleep(1ms);
  Equal(events, expected, where);
}

int Self::TakeError(int fd, Where where) { return Option(fd, SOL_SOCKET, SO_ERROR, where); }

int Self::Option(int fd, int level, int name, Where where) {
  int value = -1;
  socklen_t length = sizeof value;
  Gives(process_.sockets().getsockopt(fd, level, name, &value, &length), 0, where);
  Equal(length, sizeof value, where);
  return value;
}

void Self::SetOption(int fd, int level, int name, int value, Where where) {
  Gives(process_.sockets().setsockopt(fd, level, name, &value, sizeof value), 0, where);
}

void Self::SetNonBlocking(int fd, Where where) {
  Gives(process_.sockets().fcntl(fd, F_SETFL, O_NONBLOCK), 0, where);
}

void Self::SetLinger(int fd, int seconds, Where where) {
  const linger value{1, seconds};
  Gives(process_.sockets().setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value), 0, where);
}

void Self::Close(int fd, Where where) { Gives(process_.sockets().close(fd), 0, where); }

namespace {

std::string ToText(const sockaddr_in& in) {
  return lab::ToString(lab::Endpoint{ntohl(in.sin_addr.s_addr), ntohs(in.sin_port)});
}

}  // namespace

std::string Self::Name(int fd, Where where) {
  sockaddr_in in{};
  socklen_t length = sizeof in;
  Gives(process_.sockets().getsockname(fd, reinterpret_cast<sockaddr*>(&in), &length), 0, where);
  Equal(length, sizeof in, where);
  return ToText(in);
}

std::string Self::PeerName(int fd, Where where) {
  sockaddr_in in{};
  socklen_t length = sizeof in;
  Gives(process_.sockets().getpeername(fd, reinterpret_cast<sockaddr*>(&in), &length), 0, where);
  Equal(length, sizeof in, where);
  return ToText(in);
}

uint16_t Self::LocalPort(int fd, Where where) {
  const std::string name = Name(fd, where);
  return static_cast<uint16_t>(std::stoi(name.substr(name.find(':') + 1)));
}

void Self::PassGate(uint16_t gate, Where where) {
  const int listener = Listen(kFirstGate + gate, 0, kLoopback, where);
  Close(Accept(listener, where), where);
  Close(listener, where);
}

void ConformanceTest::SetUp() {
  const std::string why_not = WhyNoWorld();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  world_ = MakeWorld(kSeed);
  server_ = AddHost("server");
  client_ = AddHost("client");
}

ProcessId ConformanceTest::StartWith(HostId host, const lab::StartOptions& options, Body body) {
  const auto kind = world().kind();
  const ProcessId process = world().Start(host, options, [body = std::move(body), kind](lab::Process& process) {
    try {
      Self self(process, kind);
      body(self);
      return 0;
    } catch (const ExpectationFailed&) {
      return 1;
    }
  });
  processes_.emplace_back(options.name, process);
  expected_[process] = 0;
  return process;
}

void ConformanceTest::Alone(Body body) {
  Start(server_, "alone", std::move(body));
  ASSERT_TRUE(Finish());
}

testing::AssertionResult ConformanceTest::WaitUntilListening(HostId host, uint16_t port) {
  return Wait([this, host, port] { return world_->Listening(host, port); },
              "nobody listens on port " + std::to_string(port));
}

testing::AssertionResult ConformanceTest::WaitUntilBound(HostId host, uint16_t port) {
  return Wait([this, host, port] { return world_->Bound(host, port); },
              "no datagram socket is bound to port " + std::to_string(port));
}

testing::AssertionResult ConformanceTest::WaitForGate(HostId host, uint16_t gate) {
  return WaitUntilListening(host, kFirstGate + gate);
}

testing::AssertionResult ConformanceTest::WaitForReport(ProcessId process, std::string_view key) {
  const auto waited =
      Wait([&] { return outcome(process).HasReport(key) || outcome(process).exited; }, "waited in vain");
  if (outcome(process).HasReport(key)) return waited;
  return testing::AssertionFailure() << "process " << process << " did not report " << Quoted(key) << "\n" << Explain();
}

testing::AssertionResult ConformanceTest::WaitForExit(ProcessId process) {
  return Wait([this, process] { return outcome(process).exited; },
              "process " + std::to_string(process) + " did not end");
}

testing::AssertionResult ConformanceTest::Open(HostId host, uint16_t gate) {
  auto listening = WaitForGate(host, gate);
  if (!listening) return listening;
  const ProcessId opener = Start(host, "opener", [gate](Self& self) {
    self.ExpectEnd(self.Connect(kLoopback, kFirstGate + gate));
  });
  return WaitForExit(opener);
}

testing::AssertionResult ConformanceTest::Finish() {
  const auto ended = [this] {
    return std::all_of(processes_.begin(), processes_.end(),
                       [this](const auto& p) { return outcome(p.second).exited; });
  };
  auto result = Wait(ended, "not all processes ended");
  if (!result) return result;
  for (const auto& [name, process] : processes_) {
    const int status = outcome(process).exit_status;
    if (status == expected_[process]) continue;
    return testing::AssertionFailure() << name << " ended with status " << status << ", expected "
                                       << expected_[process] << "\n"
                                       << Explain();
  }
  return testing::AssertionSuccess();
}

void ConformanceTest::Kill(ProcessId process) {
  expected_[process] = 128 + 9;
  world().Kill(process);
}

testing::AssertionResult ConformanceTest::Wait(const std::function<bool()>& condition, const std::string& what) {
  bool met = false;
  // A failure in a process ends the wait early: what it was for may never come.
  world().RunUntil(
      [&] {
        met = condition();
        return met || Failed();
      },
      kLimit);
  if (Failed()) return testing::AssertionFailure() << Explain();
  if (!met) return testing::AssertionFailure() << what << "\n" << Explain();
  return testing::AssertionSuccess();
}

bool ConformanceTest::Failed() const {
  return std::any_of(processes_.begin(), processes_.end(),
                     [this](const auto& p) { return outcome(p.second).HasReport(kFailure); });
}

std::string ConformanceTest::Explain() {
  constexpr size_t kMostLines = 60;
  std::ostringstream text;
  for (const auto& [name, process] : processes_) {
    const lab::Outcome& outcome = world().outcome(process);
    text << name << (outcome.exited ? " ended with status " + std::to_string(outcome.exit_status) : " runs") << "\n";
    for (const auto& [key, value] : outcome.reports) text << "  " << key << " " << value << "\n";
  }
  if (!world().Deadlock().empty()) text << "deadlock:\n" << world().Deadlock() << "\n";
  const lab::Events& events = world().trace().events();
  size_t skipped = events.size() > kMostLines ? events.size() - kMostLines : 0;
  for (const lab::Event& any : events) {
    if (skipped > 0) {
      --skipped;
      continue;
    }
    const auto* event = std::get_if<lab::PacketEvent>(&any);
    if (event == nullptr) continue;
    text << event->sent / 1us << " µs  " << lab::ToString(event->packet.source) << " -> "
         << lab::ToString(event->packet.destination) << "  " << lab::Describe(event->packet)
         << (event->arrived ? "" : "  (lost: " + event->cause + ")") << "\n";
  }
  return text.str();
}

}  // namespace conformance
