// What has arrived ahead of a hole in the sequence, until the hole is filled.
//
// Bytes that arrive twice are kept once, the first to come (RFC 9293 leaves the choice). Neighbours are
// joined, so its size is that of the number of holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lab/wire/packet.h"
#include "lab/wire/payload.h"

namespace sim::tcp {

class Reassembly {
 public:
  bool empty() const { return runs_.empty(); }
  size_t size() const { return runs_.size(); }  // how many holes there are

  // The number after the last byte. Not to be called while empty().
  uint32_t end() const { return runs_.back().end(); }

  // Keeps `bytes`, the first of which has the number `seq`. Returns what of them had come before, as one block.
  std::optional<lab::SackBlock> Insert(uint32_t seq, const lab::Payload& bytes);

  // Takes out what continues the sequence at `rcv_nxt`, and forgets what lies before it. Empty where there is
  // still a hole.
  lab::Payload TakeAt(uint32_t rcv_nxt);

  // The blocks to report (RFC 2018), `most` at the most: first the one that came or grew last, then the others
  // from the lowest on.
  lab::SackBlocks Blocks(size_t most) const;

  void Clear() { runs_.clear(); }

 private:
  struct Run {
    uint32_t begin;
    lab::Payload bytes;

    uint32_t end() const { return begin + static_cast<uint32_t>(bytes.size()); }
  };

  std::vector<Run> runs_;  // in the order of the sequence, with a hole before each
  uint32_t latest_ = 0;    // a number inside the run that was changed last
};

}  // namespace sim::tcp
