#include "tests/differential/sketch.h"

namespace differential {

bool Sketch::Connect(int client, int listener) {
  Known& queue = (*this)[listener];
  if (queue.room <= static_cast<int>(queue.queue.size())) return false;
  (*this)[client].kind = Kind::kConnected;
  queue.queue.push_back(client);
  return true;
}

int Sketch::Accept(int listener, int accepted) {
  std::deque<int>& queue = (*this)[listener].queue;
  if (queue.empty()) return -1;
  const int client = queue.front();
  queue.pop_front();
  (*this)[client].peer = accepted;
  Known& server = (*this)[accepted];
  server.peer = client;
  server.ended = (*this)[client].kind == Kind::kClosed;
  return client;
}

void Sketch::Close(int index) {
  Known& known = (*this)[index];
  if (known.peer >= 0) (*this)[known.peer].ended = true;
  for (const int client : known.queue) (*this)[client].ended = true;
  known.queue.clear();
  known.kind = Kind::kClosed;
}

}  // namespace differential
