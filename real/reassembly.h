// Puts together the IPv4 packets that a host's kernel has cut into fragments, as they leave it.
//
// The lab judges and traces a datagram whole, and passes its fragments on as they came. A kernel sends the fragments of
// a packet one after another; only a few packets at a time are incomplete.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

namespace real {

class Reassembly {
 public:
  using Bytes = std::vector<uint8_t>;
  struct Packet {
    Bytes whole;
    std::vector<Bytes> fragments;  // as they came
  };

  // Whether the bytes are a fragment. They must be an IPv4 header at least.
  static bool IsFragment(std::span<const uint8_t> bytes);

  // Takes a fragment; gives the packet once all of it has come. What is no fragment of a packet is dropped.
  std::optional<Packet> Add(std::span<const uint8_t> fragment);

 private:
  struct Partial {
    Bytes key;  // both addresses, protocol and identification
    Packet packet;
    size_t received = 0;  // bytes after the header
    size_t total = 0;     // once the last fragment has come
  };

  std::list<Partial> partials_;  // the oldest first
};

}  // namespace real
