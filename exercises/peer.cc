#include "exercises/peer.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lab/choice/choices.h"

namespace lab::exercises {
namespace {

constexpr size_t kMostAtOnce = 64 << 10;

std::string End(ssize_t result) { return result == 0 ? kEndOfFile : std::strerror(errno); }

}  // namespace

int Connect(Sockets& sockets, const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (sockets.getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) {
    errno = ENXIO;
    return -1;
  }
  int connection = sockets.socket(AF_INET, SOCK_STREAM, 0);
  if (connection >= 0 && sockets.connect(connection, found->ai_addr, found->ai_addrlen) != 0) {
    const int error = errno;
    sockets.close(connection);
    errno = error;
    connection = -1;
  }
  sockets.freeaddrinfo(found);
  return connection;
}

int Listen(Sockets& sockets, uint16_t port, int backlog) {
  const int listener = sockets.socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) return -1;
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  if (sockets.setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      sockets.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      sockets.listen(listener, backlog) != 0) {
    const int error = errno;
    sockets.close(listener);
    errno = error;
    return -1;
  }
  return listener;
}

bool SendAll(Sockets& sockets, int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = sockets.send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool WriteAll(Sockets& sockets, int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = sockets.write(fd, bytes.data(), bytes.size());
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void Reset(Sockets& sockets, int connection) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  sockets.setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockets.close(connection);
}

int ConnectAndReport(Process& process, const std::string& host, uint16_t port) {
  const int connection = Connect(process.sockets(), host, port);
  if (connection < 0) {
    process.report("failed", std::strerror(errno));
  } else {
    process.report("connected", "");
  }
  return connection;
}

bool ReceiveToEnd(Process& process, int connection) {
  std::vector<char> buffer(kMostAtOnce);
  while (true) {
    const ssize_t received = process.sockets().recv(connection, buffer.data(), buffer.size(), 0);
    if (received <= 0) {
      process.report("end", End(received));
      return received == 0;
    }
    process.report("received", std::string_view(buffer.data(), static_cast<size_t>(received)));
  }
}

bool ReceiveExactly(Process& process, int connection, size_t length) {
  std::string buffer(length, '\0');
  for (size_t filled = 0; filled < length;) {
    const ssize_t received = process.sockets().recv(connection, buffer.data() + filled, length - filled, 0);
    if (received <= 0) {
      process.report("end", End(received));
      return false;
    }
    process.report("received", std::string_view(buffer.data() + filled, static_cast<size_t>(received)));
    filled += static_cast<size_t>(received);
  }
  return true;
}

std::string SomeBytes(uint64_t seed, size_t length) {
  std::string bytes(length, '\0');
  FillFromSeed(seed, 0, 0, bytes.data(), length);
  return bytes;
}

uint16_t ParsePort(const std::string& text) {
  uint32_t port = 0;
  return absl::SimpleAtoi(text, &port) && port <= 65'535 ? static_cast<uint16_t>(port) : 0;
}

}  // namespace lab::exercises
