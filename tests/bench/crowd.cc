// How much memory connections take, and how long hosts take to add: what a world can hold.
//
//   bazel run -c opt //tests/bench:crowd [CONNECTIONS [HOSTS]]
//
// joins two hosts by so many connections (1,000,000), idle after one exchange each, and tells what memory a pair took
// and what an echo among them costs beside one among a thousand; then adds so many hosts (10,000) to a world.
#include <arpa/inet.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tests/bench/echo.h"

namespace bench {
namespace {

using lab::Process;
using Clock = std::chrono::steady_clock;

// A process has descriptors for so many, and some to spare.
constexpr int kOfProcess = 1'000;
constexpr int kFirstPort = 1'024;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class Crowd {
 public:
  explicit Crowd(int connections) : world_(lab::Choices::Benign(), 1, lab::Tracing::kOff) {
    for (const char* name : {"a", "b"}) world_.AddHost({.name = name, .knobs = {}});
    const size_t before = BytesInUse();
    for (int made = 0, port = kFirstPort; made < connections; made += kOfProcess, ++port) {
      Add(std::min(kOfProcess, connections - made), port);
    }
    if (!world_.RunUntil([&] { return idle_ == connections; }, std::chrono::hours(10))) Die("the crowd got stuck");
    bytes_ = BytesInUse() - before;
  }

  size_t bytes() const { return bytes_; }

  // What an echo of the first connection costs, of `count`.
  double SecondsOfEcho(int count) {
    echoes_ = 0;
    const auto begin = Clock::now();
    playing_ = true;
    if (!world_.RunUntil([&] { return echoes_ >= count; }, std::chrono::hours(10))) Die("the echo got stuck");
    playing_ = false;
    return SecondsSince(begin) / count;
  }

 private:
  // Two processes with so many connections between them.
  void Add(int connections, int port) {
    world_.Start(0, {.name = "server", .arguments = {}, .input = {}},
                 [=](Process& p) { return Serve(p.sockets(), connections, port); });
    world_.RunFor(std::chrono::milliseconds(1));
    world_.Start(1, {.name = "client", .arguments = {}, .input = {}},
                 [=, this](Process& p) { return Talk(p, connections, port); });
  }

  static int Serve(lab::Sockets& s, int connections, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    const int listener = s.socket(AF_INET, SOCK_STREAM, 0);
    if (s.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("bind");
    if (s.listen(listener, connections) != 0) Die("listen");
    const int first = s.accept(listener, nullptr, nullptr);
    Echo(s, first);
    for (int i = 1; i < connections; ++i) Echo(s, s.accept(listener, nullptr, nullptr));
    for (;;) Echo(s, first);
  }

  static void Echo(lab::Sockets& s, int fd) {
    char byte;
    if (s.recv(fd, &byte, 1, 0) != 1 || s.send(fd, &byte, 1, 0) != 1) Die("echo");
  }

  int Talk(Process& p, int connections, int port) {
    lab::Sockets& s = p.sockets();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(world_.address(0));
    address.sin_port = htons(static_cast<uint16_t>(port));
    std::vector<char> byte(1, 'x');
    int first = -1;
    for (int i = 0; i < connections; ++i) {
      const int fd = kStreams.connect(s, address);
      if (i == 0) first = fd;
      kStreams.round_trip(s, fd, byte);
      ++idle_;
    }
    if (port == kFirstPort) Play(p, first, byte);
    for (;;) p.sleep(std::chrono::hours(1'000));
  }

  // Echoes whenever they are wanted.
  void Play(Process& p, int fd, std::vector<char>& byte) {
    for (;;) {
      if (!playing_) {
        p.sleep(std::chrono::seconds(1));
        continue;
      }
      kStreams.round_trip(p.sockets(), fd, byte);
      ++echoes_;
    }
  }

  sim::SimWorld world_;
  size_t bytes_ = 0;
  int idle_ = 0;
  int echoes_ = 0;
  bool playing_ = false;
};

// The median of five.
double EchoIn(Crowd& crowd) {
  double seconds[5];
  for (double& each : seconds) each = crowd.SecondsOfEcho(20'000);
  std::sort(std::begin(seconds), std::end(seconds));
  return seconds[2];
}

void TellConnections(int connections) {
  const auto begin = Clock::now();
  Crowd crowd(connections);
  std::printf("%d connections: %.1f s to make, %zu bytes a pair\n", connections, SecondsSince(begin),
              crowd.bytes() / static_cast<size_t>(connections));
  const double among_many = EchoIn(crowd);
  Crowd small(std::min(connections, 1'000));
  const double among_few = EchoIn(small);
  std::printf("an echo among them: %.2f us; among a thousand: %.2f us\n", among_many * 1e6, among_few * 1e6);
}

void TellHosts(int hosts) {
  const auto begin = Clock::now();
  sim::SimWorld world(lab::Choices::Benign(), 1);
  for (int i = 0; i < hosts; ++i) world.AddHost({.name = "host" + std::to_string(i), .knobs = {}});
  std::printf("%d hosts: %.2f ms a hundred\n", hosts, SecondsSince(begin) * 1e5 / hosts);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  const int hosts = argc > 2 ? std::atoi(argv[2]) : 10'000;
  constexpr int kMost = 60'000 * bench::kOfProcess;
  if (argc > 3 || connections < 1 || connections > kMost || hosts < 1) {
    std::fprintf(stderr, "usage: crowd [CONNECTIONS [HOSTS]]\n");
    return 2;
  }
  bench::TellConnections(connections);
  bench::TellHosts(hosts);
}
