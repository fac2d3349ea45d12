// A simulated world of two hosts, and the calls that its tests' processes make again and again.
#pragma once

#include <arpa/inet.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sim/host/sim_world.h"

namespace sim {

inline constexpr uint16_t kPort = 9999;

inline sockaddr_in AddressOf(uint32_t address, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(address);
  return in;
}

inline int Stream(lab::Sockets& s) { return s.socket(AF_INET, SOCK_STREAM, 0); }

inline int BindTo(lab::Sockets& s, int fd, uint32_t address, uint16_t port) {
  const sockaddr_in in = AddressOf(address, port);
  return s.bind(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in);
}

inline int ConnectFd(lab::Sockets& s, int fd, uint32_t address, uint16_t port = kPort) {
  const sockaddr_in in = AddressOf(address, port);
  return s.connect(fd, reinterpret_cast<const sockaddr*>(&in), sizeof in);
}

// A listening descriptor, or -1.
inline int Listener(lab::Sockets& s, int backlog, uint16_t port = kPort) {
  const int fd = Stream(s);
  return BindTo(s, fd, 0, port) == 0 && s.listen(fd, backlog) == 0 ? fd : -1;
}

// A connected descriptor, or -1.
inline int ConnectTo(lab::Sockets& s, uint32_t address, uint16_t port = kPort) {
  const int fd = Stream(s);
  return ConnectFd(s, fd, address, port) == 0 ? fd : -1;
}

inline int SetInt(lab::Sockets& s, int fd, int level, int option, int value) {
  return s.setsockopt(fd, level, option, &value, sizeof value);
}

inline ssize_t SendText(lab::Sockets& s, int fd, std::string_view text) {
  return s.send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

// "ECONNRESET"; "0" for 0.
inline std::string ErrnoName(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "?";
}
// What a call that gave `result` says of itself: "ok" or the error's name.
inline std::string Said(ssize_t result) { return result >= 0 ? "ok" : ErrnoName(errno); }

// All bytes up to the end of file; an error is told behind a '!'.
inline std::string ReadAll(lab::Sockets& s, int fd) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const ssize_t n = s.recv(fd, buffer, sizeof buffer, 0);
    if (n < 0) return all + "!" + ErrnoName(errno);
    if (n == 0) return all;
    all.append(buffer, static_cast<size_t>(n));
  }
}

class WorldTest : public testing::Test {
 protected:
  explicit WorldTest(lab::Knobs server_knobs = {}) { AddHosts(server_knobs); }

  void AddHosts(lab::Knobs server_knobs) {
    server_ = world_.AddHost({.name = "alpha", .knobs = server_knobs});
    client_ = world_.AddHost({.name = "beta", .knobs = {}});
    server_address_ = world_.address(server_);
  }

  lab::ProcessId Start(lab::HostId host, std::string name, lab::Function function) {
    lab::StartOptions options;
    options.name = std::move(name);
    return world_.Start(host, options, std::move(function));
  }
  // Starts it and runs the world until it has ended.
  const lab::Outcome& Run(lab::HostId host, std::string name, lab::Function function) {
    const lab::ProcessId process = Start(host, std::move(name), std::move(function));
    RunUntilExit(process);
    return world_.outcome(process);
  }
  bool RunUntilExit(lab::ProcessId process, Duration limit = std::chrono::minutes(30)) {
    const bool ended = world_.RunUntil([&] { return world_.outcome(process).exited; }, limit);
    EXPECT_TRUE(ended) << world_.Deadlock();
    return ended;
  }
  void RunUntilListening(uint16_t port = kPort) {
    EXPECT_TRUE(world_.RunUntil([&] { return world_.Listening(server_, port); }, std::chrono::seconds(1)));
  }
  bool Noted(std::string_view text) {
    for (const lab::Event& event : world_.trace().events()) {
      const auto* note = std::get_if<lab::NoteEvent>(&event);
      if (note != nullptr && note->text.find(text) != std::string::npos) return true;
    }
    return false;
  }

  SimWorld world_{lab::Choices::Benign(), 1};
  lab::HostId server_ = -1;
  lab::HostId client_ = -1;
  uint32_t server_address_ = 0;
};

}  // namespace sim
