/* eventfd and timerfd: the lab's descriptors, like sockets. */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "lab/program/library/library.h"

/* Whether a timer's moments are the real-time clock's. */
static unsigned char is_real[DUET_CHANNEL_DESCRIPTORS];

/* `request` asks for it at the number that its last argument is. */
static long make(long request, long a, long b, int close_on_exec) {
  const long number = duet_reserve();
  if (number < 0) return number;
  if (close_on_exec) duet_kernel(SYS_fcntl, number, F_SETFD, FD_CLOEXEC);
  const long result = request == SYS_eventfd2 ? duet_request(request, 0, 0, a, b, number, 0)
                                              : duet_request(request, 0, 0, a, number, 0, 0);
  if (result < 0) duet_unreserve(number);
  else duet_mark(number, 1);
  return result < 0 ? result : number;
}

static long set_timer(long fd, long flags, const struct itimerspec* programs, struct itimerspec* programs_old) {
  const int64_t second = 1000000000;
  int64_t ns[2] = {-1, 0};
  if (!duet_simulated(fd)) return duet_kernel(SYS_timerfd_settime, fd, flags, programs, programs_old);
  if (programs != NULL) {
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    const long bad = duet_read_timeout(&programs->it_value, 1, &ns[0]);
    if (bad < 0 || duet_read_timeout(&programs->it_interval, 1, &ns[1]) < 0) return bad < 0 ? bad : -EINVAL;
    if ((flags & TFD_TIMER_ABSTIME) && ns[0] > 0) {
      ns[0] -= duet_clock_ns(is_real[fd] ? CLOCK_REALTIME : CLOCK_MONOTONIC);
      if (ns[0] <= 0) ns[0] = 1; /* at once */
    }
  }
  const long interval_ns = duet_request(SYS_timerfd_settime, 0, 0, fd, ns[0], ns[1], 0);
  if (interval_ns < 0) return interval_ns;
  const int64_t left_ns = duet_slot()->arguments[0];
  const struct itimerspec old = {{interval_ns / second, interval_ns % second}, {left_ns / second, left_ns % second}};
  return programs_old == NULL ? 0 : duet_copy_out(programs_old, &old, sizeof(old));
}

long duet_event_call(long number, const long a[6]) {
  long fd;
  switch (number) {
    case SYS_eventfd:
      return make(SYS_eventfd2, (unsigned)a[0], 0, 0);
    case SYS_eventfd2:
      if (a[1] & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) return -EINVAL;
      return make(SYS_eventfd2, (unsigned)a[0], a[1], a[1] & EFD_CLOEXEC);
    case SYS_timerfd_create:
      if (duet_clock_ns((int)a[0]) < 0 || (a[1] & ~(TFD_CLOEXEC | TFD_NONBLOCK))) return -EINVAL;
      fd = make(SYS_timerfd_create, a[1], 0, a[1] & TFD_CLOEXEC);
      if (fd >= 0) is_real[fd] = a[0] == CLOCK_REALTIME;
      return fd;
    case SYS_timerfd_gettime:
      return set_timer((int)a[0], 0, NULL, (void*)a[1]);
    default: /* SYS_timerfd_settime */
      return a[2] == 0 ? -EFAULT : set_timer((int)a[0], a[1], (const void*)a[2], (void*)a[3]);
  }
}
