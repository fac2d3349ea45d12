// client HOST PORT: prints everything that the server sends until it closes.
//
// Three steps are missing, each marked "Step". Until they are there, the program says so and exits.
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

// Throws what went wrong, as errno says ("connect: Connection refused").
[[noreturn]] void Fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Returns the first address of the host, ready for socket() and connect().
addrinfo* Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  [[maybe_unused]] const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  // Step 1: what if it gives something other than 0? errno says nothing then, gai_strerror(error) does.
  return found;
}

void Run(const std::string& host, const std::string& port) {
  [[maybe_unused]] const addrinfo* address = Resolve(host, port);
  // Step 2: make a socket() and connect() it to address->ai_addr, which is address->ai_addrlen bytes long.
  // Step 3: recv() and print, until recv() says that the stream has ended. What are its three kinds of results?
  // std::cout.write() prints as many bytes as it is told, whatever they are.
  errno = ENOSYS;
  Fail("steps 1 to 3");
}

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
