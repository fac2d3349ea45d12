#include "exercises/03-echo/peers.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exercises/peer.h"
#include "lab/choice/choices.h"

namespace lab::exercises {
namespace {

constexpr uint64_t kFloodSeed = 3;
constexpr size_t kMostAtOnce = 64 << 10;
// Where nothing moves for this long, the other side does not read. A wrong guess only makes a scenario milder.
constexpr int kStuckAfterMs = 300;

// Buffers of a fixed and moderate size: the system would let them grow.
void BoundBuffers(Sockets& sockets, int socket) {
  const int bytes = 128 << 10;
  sockets.setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  sockets.setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

int AcceptOne(Process& process) {
  Sockets& sockets = process.sockets();
  const int listener = Listen(sockets, kEchoPort, 5);
  if (listener < 0) return -1;
  BoundBuffers(sockets, listener);
  const int connection = sockets.accept(listener, nullptr, nullptr);
  if (connection >= 0) process.report("connected", "");
  return connection;
}

// Compares what arrives with a flood, and counts what is right.
class FloodReader {
 public:
  // False once the stream has ended; its end is reported, and what was taken.
  bool Read(Process& process, int connection) {
    const ssize_t received = process.sockets().recv(connection, buffer_.data(), buffer_.size(), 0);
    if (received <= 0) {
      process.report("taken", absl::StrCat(taken_));
      process.report("end", received == 0 ? kEndOfFile : std::strerror(errno));
      return false;
    }
    const auto length = static_cast<size_t>(received);
    FillFromSeed(kFloodSeed, 0, read_, expected_.data(), length);
    if (taken_ == read_) {
      const auto differs = std::mismatch(buffer_.begin(), buffer_.begin() + received, expected_.begin()).first;
      taken_ += static_cast<size_t>(differs - buffer_.begin());
    }
    read_ += length;
    return true;
  }

 private:
  std::vector<char> buffer_ = std::vector<char>(kMostAtOnce);
  std::vector<char> expected_ = std::vector<char>(kMostAtOnce);
  size_t read_ = 0;
  size_t taken_ = 0;  // of these, how many are right from the beginning on
};

// Sends what the connection takes now, from the front of `bytes`; false where it is broken.
bool SendSome(Sockets& sockets, int connection, std::string_view& bytes) {
  const ssize_t sent =
      sockets.send(connection, bytes.data(), std::min(bytes.size(), kMostAtOnce), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  return sent >= 0 || errno == EAGAIN;
}

// Sends from the front of `bytes` until nothing more goes; false where the connection is broken.
bool SendUntilStuck(Sockets& sockets, int connection, std::string_view& bytes) {
  while (!bytes.empty()) {
    pollfd room{connection, POLLOUT, 0};
    if (sockets.poll(&room, 1, kStuckAfterMs) == 0) return true;
    if (!SendSome(sockets, connection, bytes)) return false;
  }
  return true;
}

int ReportBroken(Process& process) {
  process.report("end", std::strerror(errno));
  return 1;
}

}  // namespace

std::string Flood(size_t length) { return SomeBytes(kFloodSeed, length); }

int ShoutingServer(Process& process) {
  Sockets& sockets = process.sockets();
  const int connection = AcceptOne(process);
  if (connection < 0) return 1;
  std::string heard;
  std::vector<char> buffer(kMostAtOnce);
  while (true) {
    const ssize_t received = sockets.recv(connection, buffer.data(), buffer.size(), 0);
    if (received <= 0) {
      process.report("end", received == 0 ? kEndOfFile : std::strerror(errno));
      break;
    }
    process.report("received", std::string_view(buffer.data(), static_cast<size_t>(received)));
    heard.append(buffer.data(), static_cast<size_t>(received));
  }
  for (char& letter : heard) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  SendAll(sockets, connection, heard);
  sockets.close(connection);
  return 0;
}

int ResettingServer(Process& process) {
  const int connection = AcceptOne(process);
  if (connection < 0 || !ReceiveExactly(process, connection, 1000)) return 1;
  SendAll(process.sockets(), connection, std::string(500, 'x'));
  process.sleep(std::chrono::milliseconds(100));
  Reset(process.sockets(), connection);
  return 0;
}

int FloodingServer(Process& process) {
  const int connection = AcceptOne(process);
  if (connection < 0 || !SendAll(process.sockets(), connection, Flood(kFloodDown))) return 1;
  FloodReader reader;
  while (reader.Read(process, connection)) {
  }
  process.sockets().close(connection);
  return 0;
}

int TalkingClient(Process& process) {
  Sockets& sockets = process.sockets();
  const int connection = ConnectAndReport(process, "server", kEchoPort);
  if (connection < 0) return 1;
  for (const std::string_view line : {kFirstLine, kSecondLine}) {
    if (!SendAll(sockets, connection, line)) return ReportBroken(process);
    if (!ReceiveExactly(process, connection, line.size())) return 1;
  }
  sockets.shutdown(connection, SHUT_WR);
  return ReceiveToEnd(process, connection) ? 0 : 1;
}

int ResettingClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kEchoPort);
  if (connection < 0) return 1;
  SendAll(process.sockets(), connection, std::string(1000, 'x'));
  ReceiveExactly(process, connection, 1);
  Reset(process.sockets(), connection);
  return 0;
}

int StuffingClient(Process& process) {
  const int connection = ConnectAndReport(process, "server", kEchoPort);
  if (connection < 0) return 1;
  const std::string flood = Flood(kFloodUp);
  std::string_view to_send = flood;
  SendUntilStuck(process.sockets(), connection, to_send);
  Reset(process.sockets(), connection);
  return 0;
}

int FloodingClient(Process& process) {
  Sockets& sockets = process.sockets();
  const int connection = ConnectAndReport(process, "server", kEchoPort);
  if (connection < 0) return 1;
  BoundBuffers(sockets, connection);
  const std::string flood = Flood(kFloodUp);
  std::string_view to_send = flood;
  if (!SendUntilStuck(sockets, connection, to_send)) return ReportBroken(process);

  FloodReader reader;
  bool ended = to_send.empty();
  if (ended) sockets.shutdown(connection, SHUT_WR);
  while (true) {
    pollfd ready{connection, static_cast<short>(POLLIN | (ended ? 0 : POLLOUT)), 0};
    sockets.poll(&ready, 1, -1);
    if ((ready.revents & POLLOUT) != 0 && !SendSome(sockets, connection, to_send)) return ReportBroken(process);
    if (!ended && to_send.empty()) {
      sockets.shutdown(connection, SHUT_WR);
      ended = true;
    }
    if ((ready.revents & ~POLLOUT) != 0 && !reader.Read(process, connection)) return 0;
  }
}

}  // namespace lab::exercises
