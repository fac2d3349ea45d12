// server PORT: greets each client and closes, one after another, for ever.
//
// Four steps are missing, each marked "Step". Until they are there, the program says so and exits.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <system_error>

constexpr std::string_view kGreeting = "Hi we are connected!";

// Throws what went wrong, as errno says ("bind: Address already in use").
[[noreturn]] void Fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// Returns a socket that listens on `port` of all addresses of this machine.
int ListenOn([[maybe_unused]] uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) Fail("socket");

  // Step 1: fill in a sockaddr_in (family, port, address; mind htons and htonl) and bind() to it.
  // Step 2: listen(), with the backlog that the handout asks for.
  // What does the handout say about starting the server a second time? That belongs before bind().
  errno = ENOSYS;
  Fail("steps 1 and 2");
  return listener;
}

// Sends the greeting. What if send() takes fewer bytes than you gave it, or fails because the client has gone?
void Greet([[maybe_unused]] int client) {
  // Step 3: send() kGreeting.
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
      Greet(client);
      // Step 4: the client waits for the end of the stream.
    }
  } catch (const std::system_error& error) {
    std::cerr << "server: " << error.what() << "\n";
    return 1;
  }
}
