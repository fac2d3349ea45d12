#include "real/real_world.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "real/namespaces.h"

namespace real {
namespace {

using lab::HostId;
using lab::Process;
using lab::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kPort = 9999;
// For conditions that hold soon on an idle machine.
constexpr lab::Duration kPatience = seconds(30);

sockaddr_in Address(uint32_t address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(address);
  return in;
}

int ListenOn(lab::Sockets& sockets, uint16_t port, int backlog = 5) {
  const int listener = sockets.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in any = Address(INADDR_ANY, port);
  if (sockets.bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return -1;
  if (sockets.listen(listener, backlog) != 0) return -1;
  return listener;
}

int ConnectTo(lab::Sockets& sockets, uint32_t address, uint16_t port) {
  const int connection = sockets.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in to = Address(address, port);
  if (sockets.connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return -1;
  return connection;
}

std::string ReadAll(lab::Sockets& sockets, int fd) {
  std::string all;
  char bytes[4096];
  for (ssize_t length; (length = sockets.read(fd, bytes, sizeof bytes)) > 0;) all.append(bytes, length);
  return all;
}

int Greet(Process& self) {
  lab::Sockets& sockets = self.sockets();
  const int listener = ListenOn(sockets, kPort);
  if (listener < 0) return 2;
  while (true) {
    const int client = sockets.accept(listener, nullptr, nullptr);
    if (client < 0) return 3;
    sockets.send(client, "hello", 5, 0);
    sockets.close(client);
  }
}

lab::Function FetchFrom(uint32_t address) {
  return [address](Process& self) {
    const int connection = ConnectTo(self.sockets(), address, kPort);
    if (connection < 0) {
      self.report("errno", strerror(errno));
      return 1;
    }
    self.report("received", ReadAll(self.sockets(), connection));
    return 0;
  };
}

class RealWorldTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const absl::Status available = Available(); !available.ok()) GTEST_SKIP() << available.message();
    ASSERT_TRUE(EnterNamespaces().ok()) << EnterNamespaces();
    world_ = std::make_unique<RealWorld>(lab::Choices::Seeded(1));
    a_ = world_->AddHost({"alpha", {}});
    b_ = world_->AddHost({"beta", {}});
    ASSERT_TRUE(world_->status().ok()) << world_->status();
  }

  ProcessId Start(HostId host, lab::Function function, lab::StartOptions options = {}) {
    options.name = "p";
    return world_->Start(host, options, std::move(function));
  }
  bool RunUntilExit(ProcessId process, lab::Duration limit = kPatience) {
    return world_->RunUntil([&] { return world_->outcome(process).exited; }, limit);
  }

  bool RunUntilListening(HostId host) {
    return world_->RunUntil([&] { return world_->Listening(host, kPort); }, kPatience);
  }
  // What became of the process, for messages.
  std::string Story(ProcessId process) {
    const lab::Outcome& outcome = world_->outcome(process);
    std::string story = absl::StrCat(" exited ", outcome.exited, " status ", outcome.exit_status, " ", outcome.error_output);
    for (const auto& [key, value] : outcome.reports) absl::StrAppend(&story, "\n", key, ": ", value);
    return story;
  }

  std::unique_ptr<RealWorld> world_;
  HostId a_, b_;
};

TEST_F(RealWorldTest, TwoHostsTalk) {
  const ProcessId server = Start(b_, Greet);
  ASSERT_TRUE(RunUntilListening(b_)) << world_->status() << Story(server);
  const ProcessId client = Start(a_, FetchFrom(world_->address(b_)));
  ASSERT_TRUE(RunUntilExit(client));
  EXPECT_EQ(world_->outcome(client).Report("received"), "hello") << world_->outcome(client).Report("errno");
  EXPECT_EQ(world_->outcome(client).exit_status, 0);
}

}  // namespace
}  // namespace real
