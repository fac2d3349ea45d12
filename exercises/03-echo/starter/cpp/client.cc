// client HOST PORT: sends its standard input, ends its direction, and prints what comes back, all at the same time.
//
// Four steps are missing, each marked "Step". Until they are there, the program says so and exits.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

// Throws what went wrong, as errno says ("connect: Connection refused").
[[noreturn]] void Fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Returns a connection to the server.
int ConnectTo(const std::string& host, [[maybe_unused]] const std::string& port) {
  // Step 1: as in 01-client.
  errno = ENOSYS;
  Fail(host + ", step 1");
}

void Exchange(int connection) {
  bool input_open = true;
  bool stream_open = true;
  while (stream_open) {
    // Waits for whichever comes first: something from the server, or something on standard input.
    std::array<pollfd, 2> fds{{
        {connection, POLLIN, 0},
        {input_open ? STDIN_FILENO : -1, POLLIN, 0},
    }};
    if (poll(fds.data(), fds.size(), -1) < 0) Fail("poll");
    if (fds[1].revents != 0) {
      // Step 2: read() some of standard input and send() it. At its end, tell the server: shutdown().
      input_open = false;
    }
    if (fds[0].revents != 0) {
      // Step 3: recv() some and print it. At the end of the stream, leave the loop.
      stream_open = false;
    }
    // Step 4, once the rest works: send() may have to wait for room, and nobody reads meanwhile. If the server waits
    // for you to read, that is for ever. MSG_DONTWAIT makes send() take what there is room for, and POLLOUT tells
    // when there is room again; keep the rest until then, and read no more input before it is sent.
  }
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: client HOST PORT\n";
    return 2;
  }
  try {
    const int connection = ConnectTo(argv[1], argv[2]);
    Exchange(connection);
    close(connection);
  } catch (const std::exception& error) {
    std::cerr << "client: " << error.what() << "\n";
    return 1;
  }
}
