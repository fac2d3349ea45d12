/* eventfd and timerfd: the lab's descriptors, like sockets. */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "lab/program/library/library.h"

static long set_timer(long fd, long flags, const struct itimerspec* programs, struct itimerspec* programs_old) {
  const int64_t second = 1000000000;
  int64_t ns[2] = {-1, 0};
  if (!duet_simulated(fd) && programs == NULL) return duet_kernel(SYS_timerfd_gettime, fd, programs_old);
  if (!duet_simulated(fd)) return duet_kernel(SYS_timerfd_settime, fd, flags, programs, programs_old);
  if (programs != NULL) {
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    const long bad = duet_read_timeout(&programs->it_value, 1, &ns[0]);
    if (bad < 0 || duet_read_timeout(&programs->it_interval, 1, &ns[1]) < 0) return bad < 0 ? bad : -EINVAL;
  }
  const long interval_ns = duet_request(SYS_timerfd_settime, 0, 0, fd, ns[0], ns[1], (flags & TFD_TIMER_ABSTIME) != 0);
  if (interval_ns < 0) return interval_ns;
  const int64_t left_ns = duet_slot()->arguments[0];
  const struct itimerspec old = {{interval_ns / second, interval_ns % second}, {left_ns / second, left_ns % second}};
  return programs_old == NULL && programs != NULL ? 0 : duet_copy_out(programs_old, &old, sizeof(old));
}

long duet_event_call(long number, const long a[6]) {
  switch (number) {
    case SYS_eventfd:
      return duet_make(SYS_eventfd2, (unsigned)a[0], 0, 0, 0);
    case SYS_eventfd2:
      if (a[1] & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) return -EINVAL;
      return duet_make(SYS_eventfd2, (unsigned)a[0], a[1], 0, (a[1] & EFD_CLOEXEC) != 0);
    case SYS_timerfd_create:
      if (duet_clock_ns((int)a[0]) < 0 || (a[1] & ~(TFD_CLOEXEC | TFD_NONBLOCK))) return -EINVAL;
      return duet_make(SYS_timerfd_create, a[1], a[0] == CLOCK_REALTIME, 0, (a[1] & TFD_CLOEXEC) != 0);
    case SYS_timerfd_gettime:
      return set_timer((int)a[0], 0, NULL, (void*)a[1]);
    default: /* SYS_timerfd_settime */
      return a[2] == 0 ? -EFAULT : set_timer((int)a[0], a[1], (const void*)a[2], (void*)a[3]);
  }
}
