#include "exercises/01-client/reference.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "exercises/peer.h"

namespace lab::exercises {
namespace {

int Fail(Process& process, const std::string& what) {
  WriteAll(process.sockets(), STDERR_FILENO, "client: " + what + ": " + std::strerror(errno) + "\n");
  return 1;
}

}  // namespace

int PrintingClient(Process& process) {
  Sockets& sockets = process.sockets();
  if (process.arguments().size() != 3) return 2;
  const std::string& host = process.arguments()[1];
  const int connection = Connect(sockets, host, ParsePort(process.arguments()[2]));
  if (connection < 0) return Fail(process, host);

  std::vector<char> buffer(4096);
  while (true) {
    const ssize_t received = sockets.recv(connection, buffer.data(), buffer.size(), 0);
    if (received < 0) return Fail(process, "recv");
    if (received == 0) return 0;
    const std::string_view bytes(buffer.data(), static_cast<size_t>(received));
    if (!WriteAll(sockets, STDOUT_FILENO, bytes)) return Fail(process, "write");
  }
}

}  // namespace lab::exercises
