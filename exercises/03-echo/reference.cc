#include "exercises/03-echo/reference.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "exercises/peer.h"

namespace lab::exercises {
namespace {

constexpr size_t kMostAtOnce = 16 << 10;

int Fail(Process& process, const std::string& what) {
  WriteAll(process.sockets(), STDERR_FILENO, absl::StrCat("client: ", what, ": ", std::strerror(errno), "\n"));
  return 1;
}

// Until the client's end of file, or until the connection breaks. Returns how many bytes were sent back.
size_t Echo(Sockets& sockets, int client) {
  std::vector<char> buffer(kMostAtOnce);
  size_t echoed = 0;
  while (true) {
    const ssize_t received = sockets.recv(client, buffer.data(), buffer.size(), 0);
    if (received <= 0) return echoed;
    const auto length = static_cast<size_t>(received);
    if (!SendAll(sockets, client, {buffer.data(), length})) return echoed;
    echoed += length;
  }
}

// Standard input on its way to the server.
class Upload {
 public:
  Upload(Sockets& sockets, int connection) : sockets_(sockets), connection_(connection), buffer_(kMostAtOnce) {}

  bool has_pending() const { return !pending_.empty(); }
  bool finished() const { return finished_; }

  // Takes more of standard input; at its end, ends this direction of the connection.
  bool Fill() {
    const ssize_t count = sockets_.read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (count < 0) return false;
    pending_ = {buffer_.data(), static_cast<size_t>(count)};
    if (count > 0) return true;
    finished_ = true;
    return sockets_.shutdown(connection_, SHUT_WR) == 0;
  }

  // Sends what the connection takes now. If it waited for more room, nobody would read what comes back.
  bool Send() {
    const ssize_t sent = sockets_.send(connection_, pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) pending_.remove_prefix(static_cast<size_t>(sent));
    return sent >= 0 || errno == EAGAIN;
  }

 private:
  Sockets& sockets_;
  int connection_;
  std::vector<char> buffer_;
  std::string_view pending_;  // in buffer_: read, and not sent yet
  bool finished_ = false;
};

}  // namespace

int EchoServer(Process& process) {
  Sockets& sockets = process.sockets();
  if (process.arguments().size() != 2) return 2;
  const int listener = Listen(sockets, ParsePort(process.arguments()[1]), 5);
  if (listener < 0) return 1;
  while (true) {
    const int client = sockets.accept(listener, nullptr, nullptr);
    if (client < 0 && errno != ECONNABORTED) return 1;
    process.report("echoed", absl::StrCat(Echo(sockets, client)));
    sockets.close(client);
  }
}

int EchoClient(Process& process) {
  Sockets& sockets = process.sockets();
  if (process.arguments().size() != 3) return 2;
  const std::string& host = process.arguments()[1];
  const int connection = Connect(sockets, host, ParsePort(process.arguments()[2]));
  if (connection < 0) return Fail(process, host);

  Upload upload(sockets, connection);
  std::vector<char> buffer(kMostAtOnce);
  while (true) {
    const bool from_input = !upload.finished() && !upload.has_pending();
    pollfd fds[] = {
        {connection, static_cast<short>(POLLIN | (upload.has_pending() ? POLLOUT : 0)), 0},
        {from_input ? STDIN_FILENO : -1, POLLIN, 0},
    };
    if (sockets.poll(fds, 2, -1) < 0) return Fail(process, "poll");
    if (fds[1].revents != 0 && !upload.Fill()) return Fail(process, "standard input");
    if ((fds[0].revents & POLLOUT) != 0 && !upload.Send()) return Fail(process, "send");
    if ((fds[0].revents & ~POLLOUT) == 0) continue;
    const ssize_t received = sockets.recv(connection, buffer.data(), buffer.size(), 0);
    if (received < 0) return Fail(process, "recv");
    if (received == 0) return upload.finished() ? 0 : Fail(process, "the server ended the stream early");
    if (!WriteAll(sockets, STDOUT_FILENO, {buffer.data(), static_cast<size_t>(received)})) return 1;
  }
}

}  // namespace lab::exercises
