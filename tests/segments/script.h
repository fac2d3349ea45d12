// A script of segments: what the peer sends, what has to come out, and what the process does between, played against
// an Endpoint. Each test is played against the simulation and the kernel, so what it expects is the kernel's.
//
// Numbers are relative, as captures show them: byte 1 is the first one, the SYN has 0. A state is reached by real
// segments only.
#pragma once

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/segments/endpoint.h"

namespace segments {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Script {
 public:
  explicit Script(uint32_t our_iss = 1'000, uint32_t peer_iss = 5'000) : our_iss_(our_iss), peer_iss_(peer_iss) {}

  Settings settings;  // to be changed before the first of the ways below

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
    uint16_t urgent = 0;   // not 0: URG, and how far behind `seq` the urgent pointer points
    std::vector<lab::SackBlock> sack = {};
    std::optional<lab::TcpHeader::Timestamps> timestamps = {};
  };
  void Inject(const In& in);
  // A packet of the peer's, to be changed and given to Deliver.
  lab::Packet From(const In& in) const;
  void Deliver(const lab::Packet& packet) { endpoint_->Arrive(packet); }

  // --- What comes out ---
  // "SYN 0", "ACK 1:6 ack 1", "RST 6": flags but for PSH, relative sequence numbers and acknowledgement,
  // and "sack 6-11" with the blocks that are reported. Empty where nothing does.
  std::string Out();
  // All of it, joined with "; ".
  std::string OutAll();
  // What comes out next, however long that takes, and all that comes with it.
  std::string Await();
  std::optional<lab::Packet> last;  // the latest segment that came out

  // --- The process ---
  int64_t Write(std::string_view bytes, int flags = 0) { return endpoint_->Write(bytes, flags); }
  // What there is; "end of file"; or an errno's name.
  std::string Read(size_t length = 1'000'000, int flags = 0);
  void Close() { endpoint_->Close(); }
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

  void Pass(lab::Duration time) { endpoint_->Pass(time); }
  bool AwaitState(std::string_view state) { return endpoint_->AwaitState(state); }
  std::string State() { return endpoint_->State(); }

  // What the peer's SYN offers.
  std::optional<uint8_t> peer_scale = 10;
  bool peer_timestamps = false;  // scripts are easier to read without
  bool peer_sack = true;
  uint16_t peer_mss = 1'460;
  uint16_t peer_syn_window = 64'240;

 private:
  std::string Describe(const std::optional<lab::Packet>& packet);

  uint32_t our_iss_;
  uint32_t peer_iss_;
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
