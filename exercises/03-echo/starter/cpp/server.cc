// server PORT: sends back what each client sends until its end of file, one client after another, for ever.
//
// Two steps are missing, each marked "Step". Until they are there, the program says so and exits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <system_error>

// Throws what went wrong, as errno says ("bind: Address already in use").
[[noreturn]] void Fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// Returns a socket that listens on `port` of all addresses of this machine.
int ListenOn([[maybe_unused]] uint16_t port) {
  // Step 1: as in 02-server.
  errno = ENOSYS;
  Fail("step 1");
}

// Sends back what comes, until the client's end of file or until the connection breaks.
void Echo([[maybe_unused]] int client) {
  [[maybe_unused]] std::array<char, 4096> buffer;
  // Step 2: recv() some, send() all of it, and again. How many are there to send, and how many did send() take?
}

int main(int argc, char** argv) {
  const int port = argc == 2 ? std::atoi(argv[1]) : 0;
  if (port < 1 || port > 65535) {
    std::cerr << "usage: server PORT\n";
    return 2;
  }
  try {
    const int listener = ListenOn(static_cast<uint16_t>(port));
    while (true) {
      const int client = accept(listener, nullptr, nullptr);
      if (client < 0) Fail("accept");
      Echo(client);
      close(client);
    }
  } catch (const std::system_error& error) {
    std::cerr << "server: " << error.what() << "\n";
    return 1;
  }
}
