// In-process UDP echo.
#include <arpa/inet.h>

#include "tests/bench/echo.h"

namespace bench {
namespace {

using lab::Sockets;

int Bind(Sockets& s, uint32_t on, sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(on);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (s.bind(fd, generic, length) != 0 || s.getsockname(fd, generic, &length) != 0) Die("bind");
  return fd;
}

int Connect(Sockets& s, const sockaddr_in& address) {
  const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
  if (s.connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Die("connect");
  return fd;
}

// Until an empty datagram comes.
void Serve(Sockets& s, int fd) {
  std::vector<char> buffer(65'536);
  for (;;) {
    sockaddr_in from;
    socklen_t length = sizeof from;
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = s.recvfrom(fd, buffer.data(), buffer.size(), 0, generic, &length);
    if (n <= 0) break;
    s.sendto(fd, buffer.data(), static_cast<size_t>(n), 0, generic, length);
  }
  s.close(fd);
}

void RoundTrip(Sockets& s, int fd, std::vector<char>& buffer) {
  if (s.send(fd, buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(buffer.size())) Die("send");
  if (s.recv(fd, buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(buffer.size())) Die("recv");
}

void Finish(Sockets& s, int fd) {
  s.send(fd, nullptr, 0, 0);
  s.close(fd);
}

}  // namespace

const Echo kDatagrams{Bind, Serve, Connect, RoundTrip, Finish};

namespace {

void KernelDatagrams(benchmark::State& state) { MeasureKernel(state, kDatagrams); }
void SimulatedLoopbackDatagrams(benchmark::State& state) { MeasureSimulated(state, kDatagrams, {.hosts = 1}); }
void SimulatedLinkDatagrams(benchmark::State& state) { MeasureSimulated(state, kDatagrams, {.hosts = 2}); }
void TracedLinkDatagrams(benchmark::State& state) { MeasureSimulated(state, kDatagrams, {2, lab::Tracing::kOn}); }

BENCHMARK(KernelDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLinkDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();
BENCHMARK(TracedLinkDatagrams)->Arg(1)->Arg(60'000)->MeasureProcessCPUTime();

}  // namespace
}  // namespace bench
