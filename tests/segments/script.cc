#include "tests/segments/script.h"

#include <cstring>

namespace segments {
namespace {

std::string ErrnoName(int error) { return error == 0 ? "0" : strerrorname_np(error); }

}  // namespace

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

}  // namespace segments
