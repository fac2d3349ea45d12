// What the tests of this folder play: a Connection against segments written by hand, or against another one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "sim/tcp/connection.h"
#include "sim/tcp/segment_script.h"

namespace sim::tcp {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One Connection and the hand that plays its peer.
class Script final : public SegmentScript {
 public:
  explicit Script(Options options = {}, uint32_t our_iss = kOurIss, uint32_t peer_iss = kPeerIss)
      : SegmentScript(our_iss, peer_iss), options(options) {
    this->options.tail_loss_probe = false;  // scripts are easier to read without
  }

  Options options;
  std::unique_ptr<Connection> connection;

  void Connect() override;
  void AcceptSyn() override;
  void Deliver(const lab::Packet& packet) override { connection->OnSegment(now, packet); }
  // "SYN 0", "ACK 1:1 ack 1", "PSH, ACK 1:6 ack 1", "RST 6": flags, relative sequence numbers and acknowledgement.
  std::string Out() override;
  // Nothing here takes time by itself.
  std::string Await() override { return OutAll(); }
  void Close() override { connection->Close(now); }

  // --- The process ---
  size_t Write(std::string_view bytes) { return connection->Write(now, lab::Payload::Copy(bytes)); }
  std::string Read(size_t length = 1'000'000) { return connection->Read(now, length).ToString(); }

  // --- Time ---
  Time now{seconds(100)};
  void Pass(Duration time) { now += time; }
  // Goes to the next deadline and does what is due there; false where there is none.
  bool Expire();

  State state() const { return connection->state(); }
  std::string StateName() override { return std::string(ToString(state())); }
};

inline std::string Name(State state) { return std::string(ToString(state)); }
#define EXPECT_STATE(expected, script) EXPECT_EQ(Name(State::expected), Name((script).state()))

}  // namespace sim::tcp
