// std::async for each client; a counter that all share.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <list>
#include <mutex>
#include <string>

int main() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(9999);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(listener, 5) != 0) return 1;
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
  std::list<std::future<void>> services;
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0) return 1;
    {
      // Two at a time.
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < 2; });
      ++under_way;
    }
    services.push_back(std::async(std::launch::async, [&, client] {
      char name[100];
      const ssize_t length = read(client, name, sizeof name);
      const std::string answer = "hello " + std::string(name, length > 0 ? static_cast<size_t>(length) : 0);
      if (write(client, answer.data(), answer.size()) < 0) std::terminate();
      close(client);
      const std::lock_guard lock(mutex);
      --under_way;
      changed.notify_one();
    }));
  }
}
