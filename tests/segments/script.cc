#include "tests/segments/script.h"

#include <cstring>

namespace segments {
namespace {

std::string ErrnoName(int error) { return error == 0 ? "0" : strerrorname_np(error); }

}  // namespace

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

void Script::Inject(const In& in) { Deliver(From(in)); }

std::string Script::Describe(const std::optional<lab::Packet>& packet) {
  if (!packet) return "";
  last = packet;
  const lab::TcpHeader& tcp = last->tcp;
  if (tcp.syn) our_iss_ = tcp.seq;
  const bool unnumbered = tcp.rst && tcp.seq == 0;
  const uint32_t seq = unnumbered ? 0 : tcp.seq - our_iss_;
  lab::TcpHeader shown = tcp;
  shown.psh = false;  // says nothing to a program
  std::string text = shown.FlagsToString() + " " + std::to_string(seq);
  if (!last->payload.empty()) text += ":" + std::to_string(seq + last->payload.size());
  if (tcp.ack_flag) text += " ack " + std::to_string(tcp.ack - peer_iss_);
  if (tcp.urg) text += " urg " + std::to_string(tcp.urgent);
  const char* before = " sack ";
  for (const lab::SackBlock& block : tcp.sack) {
    text += before + std::to_string(block.begin - peer_iss_) + "-" + std::to_string(block.end - peer_iss_);
    before = ", ";
  }
  return text;
}

std::string Script::Out() { return Describe(endpoint_->Next()); }

std::string Script::OutAll() {
  std::string all;
  for (std::string one = Out(); !one.empty(); one = Out()) all += (all.empty() ? "" : "; ") + one;
  return all;
}

std::string Script::Await() {
  const std::string first = Describe(endpoint_->Await());
  const std::string rest = OutAll();
  return rest.empty() ? first : first + "; " + rest;
}

std::string Script::Read(size_t length, int flags) {
  std::string bytes;
  const int64_t result = endpoint_->Read(length, flags, bytes);
  if (result < 0) return ErrnoName(static_cast<int>(-result));
  return result == 0 ? "end of file" : bytes;
}

std::string Script::Error() { return ErrnoName(endpoint_->TakeError()); }

void Script::Abort() {
  Set(SOL_SOCKET, SO_LINGER, 0);
  Close();
}

void Script::Connect() {
  endpoint_ = MakeEndpoint(settings);
  endpoint_->Connect(our_iss_);
  ASSERT_EQ("SYN 0", OutAll());
}

void Script::AcceptSyn() {
  endpoint_ = MakeEndpoint(settings);
  endpoint_->Listen();
  Inject({.seq = 0, .syn = true, .no_ack = true});
  ASSERT_EQ("SYN, ACK 0 ack 1", OutAll());
}

void Script::Establish() {
  Connect();
  Inject({.seq = 0, .ack = 1, .syn = true});
  ASSERT_EQ("ACK 1 ack 1", OutAll());
  ASSERT_EQ("ESTABLISHED", State());
}

void Script::EstablishPassive() {
  AcceptSyn();
  Inject({});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ("ESTABLISHED", State());
}

void Script::ToFinWait1() {
  Establish();
  Close();
  ASSERT_EQ("FIN, ACK 1 ack 1", OutAll());
  ASSERT_EQ("FIN-WAIT-1", State());
}

void Script::ToFinWait2() {
  ToFinWait1();
  Inject({.ack = 2});
  ASSERT_EQ("", OutAll());
  ASSERT_EQ("FIN-WAIT-2", State());
}

void Script::ToCloseWait() {
  Establish();
  Inject({.fin = true});
  ASSERT_EQ("ACK 1 ack 2", Await());  // the kernel's takes a tick of its clock
  ASSERT_EQ("CLOSE-WAIT", State());
}

void Script::ToClosing() {
  ToFinWait1();
  Inject({.fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ("CLOSING", State());
}

void Script::ToLastAck() {
  ToCloseWait();
  Close();
  ASSERT_EQ("FIN, ACK 1 ack 2", OutAll());
  ASSERT_EQ("LAST-ACK", State());
}

void Script::ToTimeWait() {
  ToFinWait2();
  Inject({.ack = 2, .fin = true});
  ASSERT_EQ("ACK 2 ack 2", OutAll());
  ASSERT_EQ("TIME-WAIT", State());
}

}  // namespace segments
