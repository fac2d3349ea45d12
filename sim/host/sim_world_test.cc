#include "sim/host/sim_world.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "lab/trace/ladder.h"

namespace sim {
namespace {

using lab::HostId;
using lab::LinkOptions;
using lab::Process;
using lab::ProcessId;
using lab::StartOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kPort = 9999;

sockaddr_in AddressOf(uint32_t address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(address);
  return in;
}

int Listener(lab::Sockets& s, int backlog) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in any = AddressOf(0, kPort);
  if (s.bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return -1;
  if (s.listen(fd, backlog) != 0) return -1;
  return fd;
}

int ConnectTo(lab::Sockets& s, uint32_t address, uint16_t port = kPort) {
  const int fd = s.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in to = AddressOf(address, port);
  return s.connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
}

std::string ReadAll(lab::Sockets& s, int fd) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const ssize_t n = s.recv(fd, buffer, sizeof buffer, 0);
    if (n < 0) return all + "!" + strerror(errno);
    if (n == 0) return all;
    all.append(buffer, static_cast<size_t>(n));
  }
}

class SimWorldTest : public testing::Test {
 protected:
  SimWorldTest() {
    server_ = world_.AddHost({.name = "server-host", .knobs = {}});
    client_ = world_.AddHost({.name = "client-host", .knobs = {}});
  }

  ProcessId Start(HostId host, std::string name, lab::Function function) {
    StartOptions options;
    options.name = std::move(name);
    return world_.Start(host, options, std::move(function));
  }
  bool RunUntilExit(ProcessId process, lab::Duration limit = seconds(60)) {
    return world_.RunUntil([&] { return world_.outcome(process).exited; }, limit);
  }

  SimWorld world_{lab::Choices::Benign(), 1};
  HostId server_;
  HostId client_;
};

TEST_F(SimWorldTest, AClientReadsWhatAServerSends) {
  Start(server_, "server", [](Process& p) {
    lab::Sockets& s = p.sockets();
    const int listener = Listener(s, 5);
    const int fd = s.accept(listener, nullptr, nullptr);
    s.send(fd, "Hi we are connected!", 20, 0);
    s.close(fd);
    return 7;
  });
  const uint32_t address = world_.address(server_);
  const ProcessId client = Start(client_, "client", [address](Process& p) {
    p.sleep(milliseconds(1));
    const int fd = ConnectTo(p.sockets(), address);
    p.report("received", ReadAll(p.sockets(), fd));
    return 0;
  });
  EXPECT_TRUE(RunUntilExit(client)) << world_.Deadlock();
  EXPECT_EQ(world_.outcome(client).Report("received"), "Hi we are connected!");
  EXPECT_EQ(world_.outcome(0).exit_status, 7);
  if (testing::Test::HasFailure()) std::fputs(lab::Ladder(world_.trace(), {}).c_str(), stderr);
}

}  // namespace
}  // namespace sim
