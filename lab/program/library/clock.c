/* The world's clock, without a hand-over: the lab leaves its time in the channel at every answer.
 *
 * Each look at the clock takes a little time, so that a program that waits for a moment by looking at the clock gets
 * there. What it has taken is told to the lab once it is a millisecond, so that the others' time passes too. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

#include "lab/program/library/library.h"

static const int64_t second = 1000000000;
static const int64_t look_ns = 200;
static const int64_t lease_ns = 1000000;

static int64_t unspent_ns;   /* looked away since the lab was told */
static int64_t computed_ns;  /* ever: the program's CPU time */

static int64_t look(void) {
  unspent_ns += look_ns;
  computed_ns += look_ns;
  if (unspent_ns >= lease_ns) {
    duet_request(DUET_REQUEST_SPEND, 0, 0, unspent_ns, 0, 0, 0);
    unspent_ns = 0;
  }
  return duet_channel->world_ns + unspent_ns;
}

int64_t duet_clock_ns(long clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
      return look() + DUET_EPOCH_NS;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
      return look() + DUET_BOOT_NS;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      look();
      return computed_ns;
    default:
      return clock < 0 ? (look(), computed_ns) : -1; /* negative: another way to name a CPU clock */
  }
}

/* A plain store: the real calls are the vdso's, and end a program with a bad pointer by SIGSEGV too. */
static long give_time(int64_t ns, int64_t unit, struct timespec* programs) {
  if (programs != NULL) *programs = (struct timespec){ns / second, ns % second / unit};
  return 0;
}

static long sleep_call(long clock, long flags, const struct timespec* programs, struct timespec* left) {
  struct timespec time;
  if (duet_copy_in(&time, programs, sizeof(time)) != 0) return -EFAULT;
  if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= second) return -EINVAL;
  const int64_t longest = INT64_MAX / 4;
  int64_t ns = time.tv_sec > longest / second ? longest : time.tv_sec * second + time.tv_nsec;
  if (flags & TIMER_ABSTIME) {
    const int64_t now = duet_clock_ns(clock);
    if (now < 0) return -EINVAL;
    ns -= now;
  } else {
    ns = duet_time_left(ns);
  }
  const long slept = duet_request(SYS_nanosleep, 0, 0, ns < 0 ? 0 : ns, 0, 0, 0);
  if (slept == -EINTR && left != NULL && !(flags & TIMER_ABSTIME)) {
    const int64_t left_ns = duet_slot()->arguments[0];
    time = (struct timespec){left_ns / second, left_ns % second};
    if (duet_copy_out(left, &time, sizeof(time)) != 0) return -EFAULT;
  }
  return slept;
}

static long usage_call(struct rusage* programs) {
  struct rusage usage = {0};
  usage.ru_utime.tv_sec = computed_ns / second;
  usage.ru_utime.tv_usec = computed_ns % second / 1000;
  return duet_copy_out(programs, &usage, sizeof(usage));
}

static long times_call(struct tms* programs) {
  const struct tms times = {computed_ns / (second / 100), 0, 0, 0};
  if (programs != NULL && duet_copy_out(programs, &times, sizeof(times)) != 0) return -EFAULT;
  return (look() + DUET_BOOT_NS) / (second / 100);
}

/* A clock that nobody sets, nor keeps in step with others. */
static long adjust_call(long clock, struct timex* programs) {
  struct timex asked;
  if (duet_copy_in(&asked, programs, sizeof(asked)) != 0) return -EFAULT;
  if (asked.modes != 0) return -EPERM;
  const int64_t now = duet_clock_ns(clock);
  if (now < 0) return -EINVAL;
  const struct timex told = {.status = STA_UNSYNC, .maxerror = 16000000, .esterror = 16000000, .constant = 2,
                             .precision = 1, .tolerance = 32768000, .tick = 10000,
                             .time = {now / second, now % second / 1000}};
  return duet_copy_out(programs, &told, sizeof(told)) != 0 ? -EFAULT : TIME_ERROR;
}

long duet_clock_call(long number, const long a[6]) {
  switch (number) {
    case SYS_clock_gettime: {
      const int64_t ns = duet_clock_ns((int)a[0]);
      return ns < 0 ? -EINVAL : give_time(ns, 1, (void*)a[1]);
    }
    case SYS_gettimeofday: {
      const struct timezone utc = {0, 0};
      if (a[1] != 0 && duet_copy_out((void*)a[1], &utc, sizeof(utc)) != 0) return -EFAULT;
      return give_time(duet_clock_ns(CLOCK_REALTIME), 1000, (void*)a[0]);
    }
    case SYS_time: {
      const int64_t now = duet_clock_ns(CLOCK_REALTIME) / second;
      if (a[0] != 0 && duet_copy_out((void*)a[0], &now, sizeof(now)) != 0) return -EFAULT;
      return now;
    }
    case SYS_nanosleep:
      return sleep_call(CLOCK_REALTIME, 0, (const void*)a[0], (void*)a[1]);
    case SYS_clock_nanosleep:
      return sleep_call((int)a[0], a[1], (const void*)a[2], (void*)a[3]);
    case SYS_adjtimex:
      return adjust_call(CLOCK_REALTIME, (void*)a[0]);
    case SYS_clock_adjtime:
      return adjust_call(a[0], (void*)a[1]);
    case SYS_getrusage:
      return usage_call((void*)a[1]);
    default: /* SYS_times */
      return times_call((void*)a[0]);
  }
}
