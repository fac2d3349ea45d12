// What the tests of this folder play: a Connection against segments written by hand, or against another one.
//
// A script reaches its state by real segments: nothing here sets a state.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/tcp/connection.h"

namespace sim::tcp {

constexpr lab::Endpoint kUs{0x0a000001, 40'000};
constexpr lab::Endpoint kPeer{0x0a000002, 9'999};
constexpr uint32_t kOurIss = 1'000;
constexpr uint32_t kPeerIss = 5'000;

using std::chrono::milliseconds;
using std::chrono::seconds;

// One Connection and the hand that plays its peer. Numbers in scripts are relative, as captures show them: byte 1 is
// the first one, the SYN has 0.
class Script {
 public:
  explicit Script(Options options = {}, uint32_t our_iss = kOurIss, uint32_t peer_iss = kPeerIss)
      : options(options), our_iss_(our_iss), peer_iss_(peer_iss) {
    this->options.tail_loss_probe = false;  // scripts are easier to read without
  }

  Options options;
  std::unique_ptr<Connection> connection;

  // --- Ways into a state ---
  void Connect();           // SYN-SENT; the SYN has been taken
  void AcceptSyn();         // SYN-RECEIVED; the SYN-ACK has been taken
  void Establish();         // by Connect; the handshake's ACK has been taken
  void EstablishPassive();  // by AcceptSyn
  void ToFinWait1();        // by Close; the FIN has been taken, the peer has not answered
  void ToFinWait2();
  void ToCloseWait();
  void ToClosing();
  void ToLastAck();
  void ToTimeWait();

  // --- What the peer sends ---
  struct In {
    uint32_t seq = 1;
    uint32_t ack = 1;
    std::string text = "";
    bool fin = false;
    bool syn = false;
    bool rst = false;
    bool no_ack = false;
    uint16_t window = 64;  // scaled by peer_scale
  };
  void Inject(const In& in);
  // A packet of the peer's, to be changed and given to Deliver.
  lab::Packet From(const In& in) const;
  void Deliver(const lab::Packet& packet) { connection->OnSegment(now, packet); }

  // --- What comes out ---
  // "SYN 0", "ACK 1:1 ack 1", "PSH, ACK 1:6 ack 1", "RST 6": flags, relative sequence numbers and acknowledgement.
  // Empty where nothing does.
  std::string Out();
  // All of it, joined with "; ".
  std::string OutAll();
  std::optional<lab::Packet> last;  // the latest segment that came out

  // --- The process ---
  size_t Write(std::string_view bytes) { return connection->Write(now, lab::Payload::Copy(bytes)); }
  std::string Read(size_t length = 1'000'000) { return connection->Read(now, length).ToString(); }

  // --- Time ---
  Time now{seconds(100)};
  void Pass(Duration time) { now += time; }
  // Goes to the next deadline and does what is due there; false where there is none.
  bool Expire();

  State state() const { return connection->state(); }

  // What the peer's SYN offers.
  std::optional<uint8_t> peer_scale = 10;
  bool peer_timestamps = false;  // scripts are easier to read without
  bool peer_sack = true;
  uint16_t peer_mss = 1'460;

 private:
  uint32_t our_iss_;
  uint32_t peer_iss_;
};

inline std::string Name(State state) { return std::string(ToString(state)); }
#define EXPECT_STATE(expected, script) EXPECT_EQ(Name(State::expected), Name((script).state()))

}  // namespace sim::tcp
