#include "exercises/02-server/reference.h"

#include <cerrno>

#include "exercises/peer.h"

namespace lab::exercises {

int GreetingServer(Process& process) {
  Sockets& sockets = process.sockets();
  if (process.arguments().size() != 2) return 2;
  const int listener = Listen(sockets, ParsePort(process.arguments()[1]), 5);
  if (listener < 0) return 1;
  while (true) {
    const int client = sockets.accept(listener, nullptr, nullptr);
    if (client < 0 && errno != ECONNABORTED) return 1;
    // A client that has gone costs nobody else anything.
    SendAll(sockets, client, "Hi we are connected!");
    sockets.close(client);
  }
}

}  // namespace lab::exercises
