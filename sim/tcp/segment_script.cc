#include "sim/tcp/segment_script.h"

#include "gtest/gtest.h"

namespace sim::tcp {

lab::Packet SegmentScript::From(const In& in) const {
  lab::Packet packet;
  packet.source = kPeer;
  packet.destination = kUs;
  packet.tcp.seq = peer_iss_ + in.seq;
  packet.tcp.ack_flag = !in.no_ack;
  packet.tcp.ack = in.no_ack ? 0 : our_iss_ + in.ack;
  packet.tcp.syn = in.syn;
  packet.tcp.fin = in.fin;
  packet.tcp.rst = in.rst;
  packet.tcp.window = in.window;
  packet.tcp.urg = in.urgent != 0;
  packet.tcp.urgent = in.urgent;
  packet.tcp.timestamps = in.timestamps;
  for (const lab::SackBlock& block : in.sack) {
    packet.tcp.sack.push_back({our_iss_ + block.begin, our_iss_ + block.end});
  }
  packet.payload = lab::Payload::Copy(in.text);
  if (in.syn) {
    packet.tcp.window = peer_syn_window;
    packet.tcp.mss = peer_mss;
    packet.tcp.window_scale = peer_scale;
    packet.tcp.sack_permitted = peer_sack;
    if (peer_timestamps && !in.timestamps) packet.tcp.timestamps = {7'000, 0};
  }
  return packet;
}

std::string SegmentScript::OutAll() {
  std::string all;
  for (std::string one = Out(); !one.empty(); one = Out()) all += (all.empty() ? "" : "; ") + one;
  return all;
}

void SegmentScript::Establish() {
  Connect();
  Inject({.seq = 0, .ack = 1, .syn = true});
  ASSERT_EQ("ACK 1 ack 1", OutAll());
  ASSERT_EQ("ESTABLISHED", StateName());
}

void SegmentScript::EstablishPassive() {
  AcceptSyn();
  Inject({});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ("ESTABLISHED", StateName());
}

void SegmentScript::ToFinWait1() {
  Establish();
  Close();
  ASSERT_EQ("FIN, ACK 1 ack 1", OutAll());
  ASSERT_EQ("FIN-WAIT-1", StateName());
}

void SegmentScript::ToFinWait2() {
  ToFinWait1();
  Inject({.ack = 2});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ("FIN-WAIT-2", StateName());
}

void SegmentScript::ToCloseWait() {
  Establish();
  Inject({.fin = true});
  ASSERT_EQ("ACK 1 ack 2", Await());  // the kernel's takes a tick of its clock
  ASSERT_EQ("CLOSE-WAIT", StateName());
}

void SegmentScript::ToClosing() {
  ToFinWait1();
  Inject({.fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ("CLOSING", StateName());
}

void SegmentScript::ToLastAck() {
  ToCloseWait();
  Close();
  ASSERT_EQ("FIN, ACK 1 ack 2", OutAll());
  ASSERT_EQ("LAST-ACK", StateName());
}

void SegmentScript::ToTimeWait() {
  ToFinWait2();
  Inject({.ack = 2, .fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ("TIME-WAIT", StateName());
}

}  // namespace sim::tcp
