// A mutant: it lets 128 clients wait.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <system_error>

namespace {

constexpr int kBacklog = 128;
constexpr std::string_view kGreeting = "Hi we are connected!";

// A descriptor that closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void Fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void ListenOn(const Socket& listener, uint16_t port) {
  // Without this, the port stays taken for a minute after the last connection that we closed (TIME-WAIT).
  const int on = 1;
  if (setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) Fail("setsockopt");

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  address.sin_port = htons(port);
  if (bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) Fail("bind");
  if (listen(listener.fd(), kBacklog) < 0) Fail("listen");
}

// False where the client has gone. MSG_NOSIGNAL: that must not end the server by SIGPIPE.
bool SendAll(const Socket& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void Serve(uint16_t port) {
  const Socket listener(socket(AF_INET, SOCK_STREAM, 0));
  if (listener.fd() < 0) Fail("socket");
  ListenOn(listener, port);
  while (true) {
    const Socket client(accept(listener.fd(), nullptr, nullptr));
    if (client.fd() < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      Fail("accept");
    }
    if (!SendAll(client, kGreeting)) std::cerr << "server: a client went before it was greeted\n";
  }
}

// The port number in `text`, or 0 where it is not one.
uint16_t ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stopped == end ? port : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const uint16_t port = argc == 2 ? ParsePort(argv[1]) : 0;
  if (port == 0) {
    std::cerr << "usage: server PORT\n";
    return 2;
  }
  try {
    Serve(port);
  } catch (const std::system_error& error) {
    std::cerr << "server: " << error.what() << "\n";
    return 1;
  }
}
