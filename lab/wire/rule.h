// A fault: which packets, when, and what becomes of them.
//
// A world judges every packet when it is sent, by its rules in the order they were added; the first that
// matches decides.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "lab/sockets/process.h"
#include "lab/wire/packet.h"

namespace lab {

enum class Verdict {
  kPass,
  kDrop,
  kDelay,      // arrives `delay` later than it would have
  kDuplicate,  // arrives twice
  kReset,      // is lost, and both ends are sent a RST that fits their connection, if it is TCP
};

struct Rule {
  std::string name;  // for the trace: "reset in the middle of the reply"
  // Which packets. Must depend on its arguments alone.
  std::function<bool(const Packet&)> matches = [](const Packet&) { return true; };
  Time from{0};
  Time until = Time::max();
  // Skips this many that match (a later rule may decide on them), then holds for that many.
  uint32_t skip = 0;
  uint32_t count = std::numeric_limits<uint32_t>::max();
  Verdict verdict = Verdict::kDrop;
  Duration delay{0};  // of kDelay; the others have none
};

// The rules of a world, in order, with what they have counted.
class Rules {
 public:
  struct Judgement {
    Verdict verdict = Verdict::kPass;
    Duration delay{0};
    const std::string* name = nullptr;  // of the rule that decided; valid until the next Add
  };

  void Add(Rule rule) { rules_.push_back({std::move(rule), 0}); }
  Judgement Judge(Time now, const Packet& packet) {
    return rules_.empty() ? Judgement{} : FirstThatMatches(now, packet);
  }

  // The two resets of kReset for `packet` (none where it is not TCP): to its destination first, which is to travel as
  // `packet` would have, then to its source, which is to get it before anything that the destination sends later.
  static std::vector<Packet> ResetsFor(const Packet& packet);

 private:
  Judgement FirstThatMatches(Time now, const Packet& packet);

  struct Counted {
    Rule rule;
    uint64_t matched;
  };
  std::vector<Counted> rules_;
};

}  // namespace lab
