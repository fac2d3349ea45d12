// Packet from bytes: whatever is taken for a packet is one when it is written, and read again it is the same.

#include "lab/wire/packet.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLargest = 65'535;
  const auto packet = lab::FromBytes({data, size});
  if (!packet.ok()) {
    fuzz::Check(!packet.status().message().empty());
    return 0;
  }
  fuzz::Check(packet->source.address.is_ipv4() == packet->destination.address.is_ipv4());
  if (packet->wire_size() > kLargest) return 0;
  const std::vector<uint8_t> bytes = ToBytes(*packet);
  fuzz::Check(bytes.size() == packet->wire_size());
  const auto again = lab::FromBytes(bytes);
  fuzz::Check(again.ok());
  fuzz::Check(again->source == packet->source && again->destination == packet->destination);
  fuzz::Check(again->protocol == packet->protocol && again->hops == packet->hops);
  fuzz::Check(again->tcp.seq == packet->tcp.seq && again->tcp.ack == packet->tcp.ack);
  fuzz::Check(again->tcp.FlagsToString() == packet->tcp.FlagsToString());
  fuzz::Check(again->tcp.mss == packet->tcp.mss && again->tcp.timestamps == packet->tcp.timestamps);
  fuzz::Check(again->payload.ToString() == packet->payload.ToString());
  return 0;
}
