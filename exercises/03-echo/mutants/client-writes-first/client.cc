// A mutant: it sends all of its input before it reads anything.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace {

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

[[noreturn]] void Fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) throw std::runtime_error(host + ": " + gai_strerror(error));
  return Addresses(found, freeaddrinfo);
}

// Standard input on its way to the server.
class Upload {
 public:
  explicit Upload(const Socket& connection) : connection_(connection) {}

  bool has_pending() const { return !pending_.empty(); }
  bool finished() const { return finished_; }

  // Takes more of standard input; at its end, ends this direction of the connection.
  void Fill() {
    const ssize_t count = read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (count < 0) Fail("standard input");
    pending_ = {buffer_.data(), static_cast<size_t>(count)};
    if (count > 0) return;
    finished_ = true;
    if (shutdown(connection_.fd(), SHUT_WR) < 0) Fail("shutdown");
  }

  void Send() {
    const ssize_t sent = send(connection_.fd(), pending_.data(), pending_.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      pending_.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      Fail("send");
    }
  }

 private:
  const Socket& connection_;
  std::array<char, 16384> buffer_;
  std::string_view pending_;  // in buffer_: read, and not sent yet
  bool finished_ = false;
};

// False at the end of the stream.
bool PrintReceived(const Socket& connection) {
  std::array<char, 16384> buffer;
  const ssize_t received = recv(connection.fd(), buffer.data(), buffer.size(), 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (received < 0) Fail("recv");
  std::cout.write(buffer.data(), received);
  return received > 0;
}

void Exchange(const Socket& connection) {
  Upload upload(connection);
  while (!upload.finished()) {
    upload.Fill();
    while (upload.has_pending()) upload.Send();
  }
  while (PrintReceived(connection)) {
  }
  if (!std::cout.flush()) throw std::runtime_error("cannot write to standard output");
  if (!upload.finished()) throw std::runtime_error("the server ended the stream before it had everything");
}

void Run(const std::string& host, const std::string& port) {
  const Addresses addresses = Resolve(host, port);
  const Socket connection(socket(addresses->ai_family, addresses->ai_socktype, addresses->ai_protocol));
  if (connection.fd() < 0) Fail("socket");
  if (connect(connection.fd(), addresses->ai_addr, addresses->ai_addrlen) < 0) Fail(host);
  Exchange(connection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: client HOST PORT\n";
    return 2;
  }
  try {
    Run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "client: " << error.what() << "\n";
    return 1;
  }
}
