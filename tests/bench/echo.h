// How an echo is measured, whatever carries it: the same functions over lab::Sockets play client and server on the
// kernel and on the simulated network.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "lab/sockets/sockets.h"
#include "sim/host/sim_world.h"

namespace bench {

// Ends the benchmark with errno's sentence: a figure of calls that failed would be none.
[[noreturn]] void Die(const char* what);

struct Echo {
  // A descriptor that waits for clients on a free port of `on`; sets `address` to where it is.
  int (*listen)(lab::Sockets&, uint32_t on, sockaddr_in& address);
  // Serves one client until it is done, and closes the descriptor.
  void (*serve)(lab::Sockets&, int fd);
  int (*connect)(lab::Sockets&, const sockaddr_in& address);
  // Sends the buffer and receives as much.
  void (*round_trip)(lab::Sockets&, int fd, std::vector<char>& buffer);
  // Tells the server that this client is done, and closes the descriptor.
  void (*finish)(lab::Sockets&, int fd);
};

// TCP and UDP.
extern const Echo kStreams;
extern const Echo kDatagrams;

// Where a simulated echo is played. `hosts`: 1, over the host's own loopback, as the kernel's; 2, over the default
// link.
struct Ground {
  int hosts;
  lab::Tracing tracing = lab::Tracing::kOff;
};

// A simulated world in which a client plays an echo with a server for as long as it is let.
class SimulatedEcho {
 public:
  // `echo` must outlive it.
  SimulatedEcho(const Echo& echo, Ground ground, size_t length);
  // Plays as many more round trips. False where the world got stuck.
  bool Run(int round_trips);

 private:
  sim::SimWorld world_;
  sockaddr_in address_;
  int done_ = 0;
};

// A simulated host that connects to itself, accepts and closes for as long as it is let.
class SimulatedCycles {
 public:
  SimulatedCycles();
  // As many more. False where the world got stuck.
  bool Run(int cycles);

 private:
  sim::SimWorld world_;
  int done_ = 0;
};

// Round trips of state.range(0) bytes over the kernel's loopback, a thread for each end.
void MeasureKernel(benchmark::State& state, const Echo& echo);
// The same over the simulated network.
void MeasureSimulated(benchmark::State& state, const Echo& echo, Ground ground);

}  // namespace bench
