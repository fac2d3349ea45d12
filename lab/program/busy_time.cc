#include "lab/program/busy_time.h"

#include <time.h>

namespace lab {

BusyTime::Duration BusyTime::Work() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace lab
