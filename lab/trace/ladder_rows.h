// A trace as the rows of a ladder, before they are drawn: in the order to be read, with their words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lab/trace/trace.h"

namespace lab {

struct LadderRow {
  enum class Kind : uint8_t {
    kArrow,    // a packet from `host` to `to`
    kDeparts,  // the same in two halves, where something happened at its destination meanwhile
    kArrives,
    kLost,  // a packet that goes towards `to` (-1: nowhere) and doesn't arrive
    kCall,
    kNote,  // at `host`, or -1: of the whole world
  };
  Time time{0};
  Kind kind = Kind::kNote;
  HostId host = -1;
  HostId to = -1;
  std::string text;
  std::string aside;    // what became of a packet ("lost", a rule's name), or what a call moved, quoted
  bool failed = false;  // a call

  // Rows of one group may be folded into one, which says `fold` and how many of them moved how many bytes together.
  std::string group;  // empty: stands alone
  std::string fold;   // "segments", "recv(3)"
  uint64_t bytes = 0;
};

// All rows of the trace, none folded.
std::vector<LadderRow> LadderRows(const Trace& trace);

// Folds what only repeats: in a long stretch of data, acknowledgements and calls that moved bytes, all but its first
// rows become one row a group.
std::vector<LadderRow> FoldRows(const std::vector<LadderRow>& rows);

}  // namespace lab
