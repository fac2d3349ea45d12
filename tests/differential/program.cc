#include "tests/differential/program.h"

#include <sys/socket.h>

#include <algorithm>

namespace differential {

bool HasTimeouts(const Program& program) {
  return std::any_of(program.steps.begin(), program.steps.end(), [](const Step& step) {
    const bool waits = step.call >= Call::kEpollWait && step.call <= Call::kPselect;
    const bool sets = step.call == Call::kSetOption && step.a == SOL_SOCKET &&
                      (step.b == SO_RCVTIMEO || step.b == SO_SNDTIMEO);
    return (waits && step.a > 0) || (sets && step.c > 0);
  });
}

}  // namespace differential
