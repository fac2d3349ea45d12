// Bytes in one direction, in writes of 64 KiB, for as long as it is let.
#include <netinet/tcp.h>

#include "tests/bench/echo.h"

namespace bench {
namespace {

using lab::Sockets;

constexpr int64_t kWrite = 65'536;

void Drain(Sockets& s, int listener) {
  const int fd = s.accept(listener, nullptr, nullptr);
  std::vector<char> buffer(kWrite);
  while (s.recv(fd, buffer.data(), buffer.size(), 0) > 0) continue;
  s.close(fd);
  s.close(listener);
}

int Listen(Sockets& s, uint32_t on, sockaddr_in& address) { return kStreams.listen(s, on, address); }

// With cubic, whatever the machine's own choice is.
int Connect(Sockets& s, const sockaddr_in& address) {
  const int fd = kStreams.connect(s, address);
  if (s.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0) Die("TCP_CONGESTION");
  return fd;
}

void Send(Sockets& s, int fd, std::vector<char>& buffer) {
  if (s.send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(buffer.size())) Die("send");
}

void Finish(Sockets& s, int fd) { s.close(fd); }

// An Echo of which nothing comes back.
const Echo kBulk{Listen, Drain, Connect, Send, Finish};

void CountBytes(benchmark::State& state) { state.SetBytesProcessed(state.items_processed() * state.range(0)); }

void KernelBulk(benchmark::State& state) {
  MeasureKernel(state, kBulk);
  CountBytes(state);
}

void SimulatedLoopbackBulk(benchmark::State& state) {
  MeasureSimulated(state, kBulk, {.hosts = 1});
  CountBytes(state);
}

void SimulatedLinkBulk(benchmark::State& state) {
  MeasureSimulated(state, kBulk, {.hosts = 2});
  CountBytes(state);
}

BENCHMARK(KernelBulk)->Arg(kWrite)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLoopbackBulk)->Arg(kWrite)->MeasureProcessCPUTime();
BENCHMARK(SimulatedLinkBulk)->Arg(kWrite)->MeasureProcessCPUTime();

}  // namespace
}  // namespace bench
