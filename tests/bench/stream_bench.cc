// In-process TCP echo, and whole small worlds.
#include <arpa/inet.h>
#include <netinet/tcp.h>

#include "sim/host/sim_world.h"
#include "tests/bench/echo.h"

namespace bench {
namespace {

using lab::Sockets;

int Listen(Sockets& s, uint32_t on, sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(on);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (s.bind(fd, generic, length) != 0 || s.listen(fd, 5) != 0) Die("listen");
  if (s.getsockname(fd, generic, &length) != 0) Die("getsockname");
  return fd;
}

int Connect(Sockets& s, const sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  if (s.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("connect");
  const int on = 1;
  s.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void Serve(Sockets& s, int listener) {
  const int fd = s.accept(listener, nullptr, nullptr);
  std::vector<char> buffer(65'536);
  ssize_t n;
  while ((n = s.recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
    s.send(fd, buffer.data(), static_cast<size_t>(n), MSG_NOSIGNAL);
  }
  s.close(fd);
  s.close(listener);
}

void RoundTrip(Sockets& s, int fd, std::vector<char>& buffer) {
  if (s.send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(buffer.size())) Die("send");
  if (s.recv(fd, buffer.data(), buffer.size(), MSG_WAITALL) != static_cast<ssize_t>(buffer.size())) Die("recv");
}

void Finish(Sockets& s, int fd) { s.close(fd); }

}  // namespace

const Echo kStreams{Listen, Serve, Connect, RoundTrip, Finish};

namespace {

void KernelEcho(benchmark::State& state) { MeasureKernel(state, kStreams); }
void SimulatedLoopbackEcho(benchmark::State& state) { MeasureSimulated(state, kStreams, {.hosts = 1}); }
void SimulatedLinkEcho(benchmark::State& state) { MeasureSimulated(state, kStreams, {.hosts = 2}); }
void TracedLinkEcho(benchmark::State& state) { MeasureSimulated(state, kStreams, {2, lab::Tracing::kOn}); }

// A world from nothing: two hosts, a connection, one round trip, and all of it taken down.
void SimulatedWorlds(benchmark::State& state) {
  for (auto _ : state) {
    sim::SimWorld world(lab::Choices::Benign(), 1, lab::Tracing::kOff);
    for (const char* name : {"a", "b"}) world.AddHost({.name = name, .knobs = {}});
    sockaddr_in address;
    world.Start(0, {.name = "server", .arguments = {}, .input = {}}, [&](lab::Process& p) {
      Serve(p.sockets(), Listen(p.sockets(), world.address(0), address));
      return 0;
    });
    world.RunFor(std::chrono::milliseconds(1));
    world.Start(1, {.name = "client", .arguments = {}, .input = {}}, [&](lab::Process& p) {
      const int fd = Connect(p.sockets(), address);
      std::vector<char> buffer(1, 'x');
      RoundTrip(p.sockets(), fd, buffer);
      return 0;
    });
    if (!world.RunUntil([&] { return world.outcome(1).exited; }, std::chrono::hours(1))) state.SkipWithError("no end");
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(KernelEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLinkEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(TracedLinkEcho)->Arg(1)->Arg(65'536)->MeasureProcessCPUTime();
BENCHMARK(SimulatedWorlds)->MeasureProcessCPUTime();

}  // namespace
}  // namespace bench
