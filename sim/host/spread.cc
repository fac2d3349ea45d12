#include "sim/host/spread.h"

#include <cstdint>

namespace sim {
namespace {

// MurmurHash3's finish: every bit of the input moves every bit of the output.
uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
  return hash ^ hash >> 33;
}

uint64_t Mix(uint64_t hash, const lab::Endpoint& endpoint) {
  for (uint32_t word : endpoint.address.words()) hash = Mix(hash, word);
  return Mix(hash, endpoint.port);
}

}  // namespace

size_t Spread(const lab::Endpoint& local, const lab::Endpoint& remote, size_t count) {
  return static_cast<size_t>(Mix(Mix(0, local), remote) % count);
}

}  // namespace sim
