#include <memory>

#include "sim/tcp/harness.h"

namespace sim::tcp {

std::string Script::Out() {
  lab::Packet packet;
  if (!connection->NextSegment(now, packet)) return "";
  last = packet;
  const lab::TcpHeader& tcp = last->tcp;
  const uint32_t seq = tcp.seq - our_iss_;
  std::string text = tcp.FlagsToString() + " " + std::to_string(seq);
  if (!last->payload.empty()) text += ":" + std::to_string(seq + last->payload.size());
  if (tcp.ack_flag) text += " ack " + std::to_string(tcp.ack - peer_iss_);
  return text;
}

bool Script::Expire() {
  const std::optional<Time> deadline = connection->Deadline();
  if (!deadline) return false;
  now = std::max(now, *deadline);
  connection->OnTimer(now);
  return true;
}

void Script::Connect() {
  connection = std::make_unique<Connection>(kUs, kPeer, our_iss_, options);
  ASSERT_EQ("SYN 0", OutAll());
}

void Script::AcceptSyn() {
  connection = std::make_unique<Connection>(From({.seq = 0, .syn = true, .no_ack = true}), our_iss_, options);
  ASSERT_EQ("SYN, ACK 0 ack 1", OutAll());
}

}  // namespace sim::tcp
