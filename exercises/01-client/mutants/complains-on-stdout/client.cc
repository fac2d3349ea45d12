// A mutant: it writes its error messages to standard output.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
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

void PrintToEnd(const Socket& connection) {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t received = recv(connection.fd(), buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) Fail("recv");
    if (received == 0) break;
    std::cout.write(buffer.data(), received);
  }
  if (!std::cout.flush()) throw std::runtime_error("cannot write to standard output");
}

void Run(const std::string& host, const std::string& port) {
  const Addresses addresses = Resolve(host, port);
  const Socket connection(socket(addresses->ai_family, addresses->ai_socktype, addresses->ai_protocol));
  if (connection.fd() < 0) Fail("socket");
  if (connect(connection.fd(), addresses->ai_addr, addresses->ai_addrlen) < 0) Fail(host);
  PrintToEnd(connection);
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
    std::cout << "client: " << error.what() << "\n";
    return 1;
  }
}
