// What the simulated world alone can say of datagrams: who waits in vain, and that runs repeat.
#include <string>

#include "sim/host/world_for_test.h"

namespace sim {
namespace {

using lab::Process;

class DatagramWorldTest : public WorldTest {
 protected:
  static int Bound(lab::Sockets& s, uint16_t port) {
    const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
    return BindTo(s, fd, 0, port) == 0 ? fd : -1;
  }
};

TEST_F(DatagramWorldTest, WhoWaitsInVainIsNamedWithWhatItWaitsFor) {
  Start(server_, "server", [](Process& p) {
    char byte;
    return static_cast<int>(p.sockets().recv(Bound(p.sockets(), kPort), &byte, 1, 0));
  });
  Start(client_, "client", [&](Process& p) {
    const int fd = p.sockets().socket(AF_INET, SOCK_DGRAM, 0);
    ConnectFd(p.sockets(), fd, server_address_);
    char byte;
    return static_cast<int>(p.sockets().recv(fd, &byte, 1, 0));
  });
  EXPECT_FALSE(world_.RunUntil([] { return false; }, std::chrono::hours(1)));
  EXPECT_EQ(world_.Deadlock(), "server waits in recv(3) on port 9999\nclient waits in recv(3) with 10.0.0.1:9999\n");
}

TEST_F(DatagramWorldTest, ALostDatagramLeavesBothWaiting) {
  world_.AddRule({.name = "loss", .verdict = lab::Verdict::kDrop});
  Start(server_, "server", [](Process& p) {
    char byte;
    return static_cast<int>(p.sockets().recv(Bound(p.sockets(), kPort), &byte, 1, 0));
  });
  Start(client_, "client", [&](Process& p) {
    const int fd = p.sockets().socket(AF_INET, SOCK_DGRAM, 0);
    ConnectFd(p.sockets(), fd, server_address_);
    SendText(p.sockets(), fd, "hello?");
    char byte;
    return static_cast<int>(p.sockets().recv(fd, &byte, 1, 0));
  });
  EXPECT_FALSE(world_.RunUntil([] { return false; }, std::chrono::hours(1)));
  EXPECT_EQ(world_.Deadlock(), "server waits in recv(3) on port 9999\nclient waits in recv(3) with 10.0.0.1:9999\n");
}

// The hash of a run in which a lossy link carries datagrams of all sizes, some of them in pieces.
uint64_t HashOfARun(uint64_t seed) {
  SimWorld world(lab::Choices::Seeded(seed), seed);
  const lab::HostId a = world.AddHost({.name = "a", .knobs = {}});
  const lab::HostId b = world.AddHost({.name = "b", .knobs = {}});
  lab::LinkOptions lossy;
  lossy.mtu = 1'500;
  lossy.loss_ppm = 200'000;
  lossy.jitter = std::chrono::microseconds(500);
  world.SetLink(a, b, lossy);
  world.Start(a, {.name = "server", .arguments = {}, .input = {}}, [](Process& p) {
    lab::Sockets& s = p.sockets();
    const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
    BindTo(s, fd, 0, kPort);
    std::string buffer(65'536, '\0');
    for (;;) {
      sockaddr_in from;
      socklen_t length = sizeof from;
      auto* address = reinterpret_cast<sockaddr*>(&from);
      const ssize_t n = s.recvfrom(fd, buffer.data(), buffer.size(), 0, address, &length);
      s.sendto(fd, buffer.data(), static_cast<size_t>(n), 0, address, length);
    }
    return 0;
  });
  world.Start(b, {.name = "client", .arguments = {}, .input = {}}, [&](Process& p) {
    lab::Sockets& s = p.sockets();
    const int fd = s.socket(AF_INET, SOCK_DGRAM, 0);
    ConnectFd(s, fd, world.address(a));
    const timeval limit{0, 20'000};
    s.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string buffer(65'536, 'x');
    for (size_t size = 1; size < 40'000; size *= 3) {
      s.send(fd, buffer.data(), size, 0);
      s.recv(fd, buffer.data(), buffer.size(), 0);
    }
    return 0;
  });
  world.RunUntil([&] { return world.outcome(1).exited; }, std::chrono::minutes(10));
  return world.trace().hash();
}

TEST(DatagramRunTest, ASeedIsARunAndAnotherSeedAnother) {
  for (const uint64_t seed : {1, 2, 3}) EXPECT_EQ(HashOfARun(seed), HashOfARun(seed));
  EXPECT_NE(HashOfARun(1), HashOfARun(2));
}

}  // namespace
}  // namespace sim
