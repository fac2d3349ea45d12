// What the tests of the real world share: a world with two hosts, and small functions to run there.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "real/namespaces.h"
#include "real/real_world.h"

namespace real {

constexpr uint16_t kPort = 9999;
// For what happens soon on an idle machine.
constexpr lab::Duration kPatience = std::chrono::seconds(60);

inline sockaddr_in Address(uint32_t address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(address);
  return in;
}

// A listening socket, or -1.
inline int ListenOn(lab::Sockets& sockets, uint16_t port, int backlog = 5) {
  const int listener = sockets.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in any = Address(INADDR_ANY, port);
  if (sockets.bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return -1;
  return sockets.listen(listener, backlog) == 0 ? listener : -1;
}

// A connected socket, or -1.
inline int ConnectTo(lab::Sockets& sockets, uint32_t address, uint16_t port) {
  const int connection = sockets.socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in to = Address(address, port);
  return sockets.connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? connection : -1;
}

// Until end of file, or an error, which errno then names.
inline std::string ReadAll(lab::Sockets& sockets, int fd) {
  std::string all;
  char bytes[4096];
  errno = 0;
  for (ssize_t length; (length = sockets.read(fd, bytes, sizeof bytes)) > 0;) all.append(bytes, length);
  return all;
}

inline bool SendAll(lab::Sockets& sockets, int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t length = sockets.send(fd, bytes.data() + sent, bytes.size() - sent, 0);
    if (length < 0) return false;
    sent += length;
  }
  return true;
}

// A server that sends `greeting` to each client and closes.
inline lab::Function Greeter(std::string greeting) {
  return [greeting](lab::Process& self) {
    lab::Sockets& sockets = self.sockets();
    const int listener = ListenOn(sockets, kPort);
    if (listener < 0) return 2;
    while (true) {
      const int client = sockets.accept(listener, nullptr, nullptr);
      if (client < 0) return 3;
      SendAll(sockets, client, greeting);
      sockets.close(client);
    }
  };
}

// A client that reads all that a server sends; reports "received", or "error" where a call fails.
inline lab::Function Fetcher(uint32_t address) {
  return [address](lab::Process& self) {
    const int connection = ConnectTo(self.sockets(), address, kPort);
    if (connection < 0) {
      self.report("error", strerrorname_np(errno));
      return 1;
    }
    self.report("connected", "");
    const std::string all = ReadAll(self.sockets(), connection);
    if (errno != 0) self.report("error", strerrorname_np(errno));
    self.report("received", all);
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

  lab::ProcessId Start(lab::HostId host, lab::Function function, lab::StartOptions options = {}) {
    if (options.name.empty()) options.name = "process";
    return world_->Start(host, options, std::move(function));
  }

  // Starts a Greeter on beta, and waits for it.
  lab::ProcessId StartGreeter(std::string greeting) {
    const lab::ProcessId server = Start(b_, Greeter(std::move(greeting)));
    EXPECT_TRUE(RunUntilListening(b_)) << Story(server);
    return server;
  }

  bool RunUntilExit(lab::ProcessId process, lab::Duration limit = kPatience) {
    return world_->RunUntil([&] { return world_->outcome(process).exited; }, limit);
  }
  bool RunUntilReport(lab::ProcessId process, std::string_view key) {
    return world_->RunUntil([&] { return world_->outcome(process).HasReport(key); }, kPatience);
  }
  bool RunUntilListening(lab::HostId host) {
    return world_->RunUntil([&] { return world_->Listening(host, kPort); }, kPatience);
  }

  // Runs a function to its end and returns what it reported as "result".
  std::string ResultOf(lab::HostId host, lab::Function function, lab::StartOptions options = {}) {
    const lab::ProcessId process = Start(host, std::move(function), std::move(options));
    EXPECT_TRUE(RunUntilExit(process)) << Story(process);
    return world_->outcome(process).Report("result");
  }

  // What became of the process, for messages.
  std::string Story(lab::ProcessId process) {
    const lab::Outcome& outcome = world_->outcome(process);
    std::string story = absl::StrCat(outcome.exited ? "exited with " : "runs, ", outcome.exit_status, "; ",
                                     outcome.error_output, "; ", world_->status().ToString());
    for (const auto& [key, value] : outcome.reports) absl::StrAppend(&story, "\n", key, ": ", value.substr(0, 200));
    return story;
  }

  // How many packets of the trace the predicate holds for.
  template <typename Predicate>
  int CountPackets(Predicate predicate) {
    int count = 0;
    for (const lab::Event& event : world_->trace().events()) {
      const auto* packet = std::get_if<lab::PacketEvent>(&event);
      count += packet != nullptr && predicate(*packet);
    }
    return count;
  }

  std::unique_ptr<RealWorld> world_;
  lab::HostId a_ = -1;
  lab::HostId b_ = -1;
};

}  // namespace real
