#include "sim/tcp/reassembly.h"

#include <algorithm>
#include <iterator>

#include "sim/tcp/sequence.h"

namespace sim::tcp {

std::optional<lab::SackBlock> Reassembly::Insert(uint32_t seq, const lab::Payload& bytes) {
  std::optional<lab::SackBlock> again;
  if (bytes.empty()) return again;
  latest_ = seq;
  const uint32_t end = seq + static_cast<uint32_t>(bytes.size());
  const auto from_to = [&](uint32_t from, uint32_t to) { return bytes.Slice(from - seq, to - from); };

  auto run = std::find_if(runs_.begin(), runs_.end(), [&](const Run& each) { return !Before(each.end(), seq); });
  if (run == runs_.end() || Before(end, run->begin)) {
    runs_.insert(run, {seq, bytes});
    return again;
  }
  const auto note_again = [&](const Run& each) {
    const uint32_t from = Later(seq, each.begin);
    const uint32_t to = Earlier(end, each.end());
    if (Before(from, to)) again = lab::SackBlock{again ? again->begin : from, to};
  };
  note_again(*run);
  // It touches `run`: it grows at its front, then at its end, swallowing the runs that it reaches.
  if (Before(seq, run->begin)) {
    lab::Payload joined = from_to(seq, run->begin);
    joined.Append(run->bytes);
    *run = {seq, std::move(joined)};
  }
  while (Before(run->end(), end)) {
    const auto next = std::next(run);
    if (next == runs_.end() || Before(end, next->begin)) {
      run->bytes.Append(from_to(run->end(), end));
    } else {
      note_again(*next);
      run->bytes.Append(from_to(run->end(), next->begin));
      run->bytes.Append(next->bytes);
      runs_.erase(next);
    }
  }
  return again;
}

lab::Payload Reassembly::TakeAt(uint32_t rcv_nxt) {
  while (!runs_.empty() && !After(runs_.front().begin, rcv_nxt)) {
    Run run = std::move(runs_.front());
    runs_.erase(runs_.begin());
    if (!After(run.end(), rcv_nxt)) continue;
    run.bytes.RemovePrefix(rcv_nxt - run.begin);
    return std::move(run.bytes);
  }
  return {};
}

lab::SackBlocks Reassembly::Blocks(size_t most) const {
  lab::SackBlocks blocks;
  const auto is_latest = [&](const Run& run) { return !Before(latest_, run.begin) && Before(latest_, run.end()); };
  for (const bool latest : {true, false}) {
    for (const Run& run : runs_) {
      if (blocks.size() == most) return blocks;
      if (is_latest(run) == latest) blocks.push_back({run.begin, run.end()});
    }
  }
  return blocks;
}

}  // namespace sim::tcp
