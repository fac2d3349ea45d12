#include "sim/tcp/harness.h"

namespace sim::tcp {

lab::Packet Script::From(const In& in) const {
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
  packet.payload = lab::Payload::Copy(in.text);
  if (in.syn) {
    packet.tcp.window = 64'240;
    packet.tcp.mss = peer_mss;
    packet.tcp.window_scale = peer_scale;
    packet.tcp.sack_permitted = peer_sack;
    if (peer_timestamps) packet.tcp.timestamps = {7'000, 0};
  }
  return packet;
}

void Script::Inject(const In& in) { Deliver(From(in)); }

std::string Script::Out() {
  const std::optional<lab::Packet> packet = connection->NextSegment(now);
  if (!packet) return "";
  last = packet;
  const lab::TcpHeader& tcp = last->tcp;
  const uint32_t seq = tcp.seq - our_iss_;
  std::string text = tcp.FlagsToString() + " " + std::to_string(seq);
  if (!last->payload.empty()) text += ":" + std::to_string(seq + last->payload.size());
  if (tcp.ack_flag) text += " ack " + std::to_string(tcp.ack - peer_iss_);
  return text;
}

std::string Script::OutAll() {
  std::string all;
  for (std::string one = Out(); !one.empty(); one = Out()) all += (all.empty() ? "" : "; ") + one;
  return all;
}

bool Script::Expire() {
  const std::optional<Time> deadline = connection->Deadline();
  if (!deadline) return false;
  now = std::max(now, *deadline);
  connection->OnTimer(now);
  return true;
}

void Script::Connect() {
  connection = Connection::Connect(now, kUs, kPeer, our_iss_, options);
  ASSERT_EQ("SYN 0", OutAll());
}

void Script::AcceptSyn() {
  connection = Connection::Accept(now, From({.seq = 0, .syn = true, .no_ack = true}), our_iss_, options);
  ASSERT_EQ("SYN, ACK 0 ack 1", OutAll());
}

void Script::Establish() {
  Connect();
  Inject({.seq = 0, .ack = 1, .syn = true});
  ASSERT_EQ("ACK 1 ack 1", OutAll());
  ASSERT_EQ(State::kEstablished, state());
}

void Script::EstablishPassive() {
  AcceptSyn();
  Inject({});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ(State::kEstablished, state());
}

void Script::ToFinWait1() {
  Establish();
  connection->Close(now);
  ASSERT_EQ("FIN, ACK 1 ack 1", OutAll());
  ASSERT_EQ(State::kFinWait1, state());
}

void Script::ToFinWait2() {
  ToFinWait1();
  Inject({.ack = 2});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ(State::kFinWait2, state());
}

void Script::ToCloseWait() {
  Establish();
  Inject({.fin = true});
  OutAll();
  ASSERT_EQ(State::kCloseWait, state());
}

void Script::ToClosing() {
  ToFinWait1();
  Inject({.fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ(State::kClosing, state());
}

void Script::ToLastAck() {
  ToCloseWait();
  connection->Close(now);
  ASSERT_EQ("FIN, ACK 1 ack 2", OutAll());
  ASSERT_EQ(State::kLastAck, state());
}

void Script::ToTimeWait() {
  ToFinWait2();
  Inject({.ack = 2, .fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ(State::kTimeWait, state());
}

}  // namespace sim::tcp
