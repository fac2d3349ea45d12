#include "tests/differential/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace differential {
namespace {

class Shrinker {
 public:
  Shrinker(Program program, const std::function<bool(const Program&)>& still, int tries)
      : program_(std::move(program)), still_(still), tries_(tries) {}

  Program Run() {
    bool smaller = true;
    while (smaller && tries_ > 0) {
      smaller = DropSteps();
      smaller = FewerActors() || smaller;
      smaller = SimplerSteps() || smaller;
    }
    return std::move(program_);
  }

 private:
  bool Try(Program candidate) {
    if (tries_-- <= 0 || !still_(candidate)) return false;
    program_ = std::move(candidate);
    return true;
  }

  // Pieces of half the program, then of a quarter, and so on to single steps; the last first, since nothing needs them.
  bool DropSteps() {
    bool dropped = false;
    for (size_t piece = std::max<size_t>(program_.steps.size() / 2, 1); piece > 0; piece /= 2) {
      for (size_t end = program_.steps.size(); end > 0; end -= std::min(piece, end)) {
        if (end > program_.steps.size()) continue;
        Program candidate = program_;
        const auto first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(end - std::min(piece, end));
        candidate.steps.erase(first, candidate.steps.begin() + static_cast<std::ptrdiff_t>(end));
        if (!candidate.steps.empty()) dropped = Try(std::move(candidate)) || dropped;
      }
    }
    return dropped;
  }

  // Whole processes, and whole threads, become others.
  bool FewerActors() {
    bool fewer = false;
    for (int from = kActors - 1; from > 0; --from) {
      for (int to = 0; to < from; ++to) {
        Program candidate = program_;
        bool moved = false;
        for (Step& step : candidate.steps) {
          if (step.actor != from) continue;
          step.actor = to;
          moved = true;
        }
        if (moved && Try(std::move(candidate))) fewer = true;
      }
    }
    return fewer;
  }

  bool SimplerSteps() {
    bool simpler = false;
    const auto set = [&](size_t i, auto Step::* field, auto value) {
      if (program_.steps[i].*field == value) return;
      Program candidate = program_;
      candidate.steps[i].*field = value;
      simpler = Try(std::move(candidate)) || simpler;
    };
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      const Call call = program_.steps[i].call;
      if (call >= Call::kSend && call <= Call::kReadv) {
        set(i, &Step::b, int64_t{0});
        set(i, &Step::a, int64_t{1});
        if (call > Call::kSend && call <= Call::kWritev) set(i, &Step::call, Call::kSend);
        if (call > Call::kRecv) set(i, &Step::call, Call::kRecv);
      }
      if (call == Call::kAccept || call == Call::kPipe) set(i, &Step::a, int64_t{0});
      if (call == Call::kListen) set(i, &Step::a, int64_t{5});
      if (call > Call::kPoll && call <= Call::kPselect) set(i, &Step::call, Call::kPoll);
      if (call == Call::kDup3) set(i, &Step::call, Call::kDup2);
      if (call == Call::kSocket && (program_.steps[i].b & ~0xf) != 0) set(i, &Step::b, program_.steps[i].b & 0xf);
      simpler = FewerPolled(i) || simpler;
    }
    return simpler;
  }

  bool FewerPolled(size_t i) {
    bool fewer = false;
    for (size_t k = program_.steps[i].polled.size(); k-- > 0 && program_.steps[i].polled.size() > 1;) {
      Program candidate = program_;
      candidate.steps[i].polled.erase(candidate.steps[i].polled.begin() + static_cast<std::ptrdiff_t>(k));
      fewer = Try(std::move(candidate)) || fewer;
    }
    return fewer;
  }

  Program program_;
  const std::function<bool(const Program&)>& still_;
  int tries_;
};

}  // namespace

Program Shrink(Program program, const std::function<bool(const Program&)>& still, int most_tries) {
  return Shrinker(std::move(program), still, most_tries).Run();
}

}  // namespace differential
