// What scripts of segments have in common, whatever TCP they are played against: the hand that plays its peer, and the
// ways into its states.
//
// Numbers in scripts are relative, as captures show them: byte 1 is the first one, the SYN has 0. A state is reached by
// real segments: nothing here sets one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lab/wire/packet.h"

namespace sim::tcp {

constexpr lab::Endpoint kUs{0x0a000001, 40'000};
constexpr lab::Endpoint kPeer{0x0a000002, 9'999};
constexpr uint32_t kOurIss = 1'000;
constexpr uint32_t kPeerIss = 5'000;

class SegmentScript {
 public:
  virtual ~SegmentScript() = default;

  // --- Ways into a state ---
  virtual void Connect() = 0;    // SYN-SENT; the SYN has been taken
  virtual void AcceptSyn() = 0;  // SYN-RECEIVED; the SYN-ACK has been taken
  void Establish();              // by Connect; the handshake's ACK has been taken
  void EstablishPassive();       // by AcceptSyn
  void ToFinWait1();             // by Close; the FIN has been taken, the peer has not answered
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
  void Inject(const In& in) { Deliver(From(in)); }
  // A packet of the peer's, to be changed and given to Deliver.
  lab::Packet From(const In& in) const;
  virtual void Deliver(const lab::Packet& packet) = 0;

  // What the peer's SYN offers.
  std::optional<uint8_t> peer_scale = 10;
  bool peer_timestamps = false;  // scripts are easier to read without
  bool peer_sack = true;
  uint16_t peer_mss = 1'460;
  uint16_t peer_syn_window = 64'240;

  // --- What comes out ---
  // The next segment, as the script at hand writes them; empty where there is none.
  virtual std::string Out() = 0;
  // All of it, joined with "; ".
  std::string OutAll();
  // What comes out next, however long that takes, and all that comes with it.
  virtual std::string Await() = 0;
  std::optional<lab::Packet> last;  // the latest segment that came out

  // --- The process ---
  virtual void Close() = 0;

  // As RFC 9293 spells it.
  virtual std::string StateName() = 0;

 protected:
  SegmentScript(uint32_t our_iss, uint32_t peer_iss) : our_iss_(our_iss), peer_iss_(peer_iss) {}

  uint32_t our_iss_;
  uint32_t peer_iss_;
};

}  // namespace sim::tcp
