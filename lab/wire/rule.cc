#include "lab/wire/rule.h"

namespace lab {
namespace {

Packet Reset(Endpoint source, Endpoint destination, uint32_t seq) {
  Packet reset;
  reset.source = source;
  reset.destination = destination;
  reset.tcp.seq = seq;
  reset.tcp.rst = true;
  return reset;
}

}  // namespace

Rules::Judgement Rules::FirstThatMatches(Time now, const Packet& packet) {
  for (Counted& counted : rules_) {
    const Rule& rule = counted.rule;
    if (now < rule.from || now >= rule.until || !rule.matches(packet)) continue;
    const uint64_t before = counted.matched++;
    if (before < rule.skip || before - rule.skip >= rule.count) continue;
    return {rule.verdict, rule.verdict == Verdict::kDelay ? rule.delay : Duration::zero(), &rule.name};
  }
  return {};
}

std::vector<Packet> Rules::ResetsFor(const Packet& packet) {
  if (!packet.is_tcp()) return {};
  const TcpHeader& tcp = packet.tcp;
  // The destination waits for what this packet would have brought. Only the acknowledgement makes a reset
  // good for a client that has just sent its SYN.
  Packet forth = Reset(packet.source, packet.destination, tcp.seq + tcp.syn);
  forth.tcp.ack_flag = tcp.ack_flag;
  forth.tcp.ack = tcp.ack;

  // The source waits for what it has just acknowledged; where it has not, RFC 9293, 3.10.7.1 has an answer.
  Packet back = Reset(packet.destination, packet.source, tcp.ack_flag ? tcp.ack : 0);
  if (!tcp.ack_flag) {
    back.tcp.ack_flag = true;
    back.tcp.ack = tcp.seq + packet.sequence_length();
  }
  return {forth, back};
}

}  // namespace lab
