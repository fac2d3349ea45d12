// A script of segments: what the peer sends, what has to come out, and what the process does between, played against
// an Endpoint. Each test is played against the simulation and the kernel, so what it expects is the kernel's.
#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "sim/tcp/segment_script.h"
#include "tests/segments/endpoint.h"

namespace segments {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Script final : public sim::tcp::SegmentScript {
 public:
  explicit Script(uint32_t our_iss = sim::tcp::kOurIss, uint32_t peer_iss = sim::tcp::kPeerIss)
      : SegmentScript(our_iss, peer_iss) {}

  Settings settings;  // to be changed before the first of the ways below

  void Connect() override;
  void AcceptSyn() override;
  void Deliver(const lab::Packet& packet) override { endpoint_->Arrive(packet); }
  // "SYN 0", "ACK 1:6 ack 1", "RST 6": flags but for PSH, relative sequence numbers and acknowledgement,
  // and "sack 6-11" with the blocks that are reported.
  std::string Out() override;
  std::string Await() override;

  // --- The process ---
  int64_t Write(std::string_view bytes, int flags = 0) { return endpoint_->Write(bytes, flags); }
  // What there is; "end of file"; or an errno's name.
  std::string Read(size_t length = 1'000'000, int flags = 0);
  void Close() override { endpoint_->Close(); }
  void ShutdownWrite() { EXPECT_EQ(0, endpoint_->Shutdown(SHUT_WR)); }
  void ShutdownRead() { EXPECT_EQ(0, endpoint_->Shutdown(SHUT_RD)); }
  // SO_LINGER with a time of 0, and close.
  void Abort();
  void Set(int level, int option, int value) { EXPECT_EQ(0, endpoint_->SetOption(level, option, value)); }
  // SO_ERROR's name, "0" where there is none.
  std::string Error();
  size_t Readable() { return endpoint_->Readable(); }
  bool AtMark() { return endpoint_->AtMark(); }
  bool UrgentReady() { return endpoint_->UrgentReady(); }
  size_t Unacknowledged() { return endpoint_->Unacknowledged(); }
  tcp_info Info() { return endpoint_->Info(); }

  void Pass(lab::Duration time) { endpoint_->Pass(time); }
  bool AwaitState(std::string_view state) { return endpoint_->AwaitState(state); }
  std::string StateName() override { return endpoint_->State(); }

 private:
  std::string Describe(const std::optional<lab::Packet>& packet);

  std::unique_ptr<Endpoint> endpoint_;
};

// Skips where the machine has no endpoint.
class SegmentTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoEndpoint(); !why.empty()) GTEST_SKIP() << why;
  }
  Script script;
};

}  // namespace segments
