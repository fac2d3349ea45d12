/* Timers that end in signals: the lab's, in the world's time. It says what has expired with its answer to the next
 * call, and this process sends itself the signal: the kernel lets nobody else say that it is setitimer's. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "lab/program/library/library.h"

/* Those of timer_create. */
static struct {
  union sigval value; /* that the signal comes with */
  int overrun;        /* expirations that gave no signal of their own */
  int queued;         /* the signal that it has sent, and that may still be pending; or 0 */
} timers[DUET_CHANNEL_TIMERS];

static int add_capped(int a, int b) { return a > INT32_MAX - b ? INT32_MAX : a + b; }

/* All signals are blocked here, so that none is told of before the call is over. */
static void send_to_self(const struct duet_expiry* expiry) {
  const int alarm = expiry->timer == DUET_TIMER_ALARM;
  siginfo_t info;
  __builtin_memset(&info, 0, sizeof(info));
  info.si_signo = expiry->signal;
  info.si_code = alarm ? SI_KERNEL : SI_TIMER;
  if (!alarm) {
    uint64_t pending = 0;
    int* const overrun = &timers[expiry->timer].overrun;
    duet_kernel(SYS_rt_sigpending, &pending, sizeof(pending));
    const int none_pending = (pending >> (expiry->signal - 1) & 1) == 0;
    for (int i = 0; none_pending && i < DUET_CHANNEL_TIMERS; ++i) {
      if (timers[i].queued == expiry->signal) timers[i].queued = 0;
    }
    if (timers[expiry->timer].queued == expiry->signal) {
      *overrun = add_capped(*overrun, expiry->count);
      return;
    }
    timers[expiry->timer].queued = expiry->signal;
    *overrun = expiry->count - 1;
    info.si_timerid = expiry->timer;
    info.si_overrun = *overrun;
    info.si_value = timers[expiry->timer].value;
  }
  if (expiry->to_thread) {
    duet_kernel(SYS_rt_tgsigqueueinfo, duet_process, duet_self.thread, expiry->signal, &info);
  } else {
    duet_kernel(SYS_rt_sigqueueinfo, duet_process, expiry->signal, &info);
  }
}

void duet_timers_expired(void) {
  const struct duet_slot* const slot = duet_slot();
  for (uint32_t i = 0; i < slot->expired; ++i) send_to_self(&slot->expiries[i]);
}

/* --- setitimer and alarm --- */

/* ITIMER_REAL alone: the others count what a processor does. */
static long interval_timer(long which, const struct itimerval* programs, struct itimerval* programs_old, int sets) {
  const int64_t second = 1000000;
  struct itimerval timer = {{0, 0}, {0, 0}};
  if (sets && programs != NULL && duet_copy_in(&timer, programs, sizeof(timer)) != 0) return -EFAULT;
  const struct timeval* both[2] = {&timer.it_value, &timer.it_interval};
  int64_t ns[2];
  for (int i = 0; i < 2; ++i) {
    if (both[i]->tv_sec < 0 || both[i]->tv_usec < 0 || both[i]->tv_usec >= second) return -EINVAL;
    ns[i] = (both[i]->tv_sec > INT32_MAX ? INT32_MAX : both[i]->tv_sec) * second * 1000 + both[i]->tv_usec * 1000;
  }
  if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF) return -EINVAL;
  if (which != ITIMER_REAL) duet_unsupported(SYS_setitimer, which);
  duet_alone = 0;
  const long interval_ns = duet_request(SYS_setitimer, 0, 0, sets ? ns[0] : -1, ns[1], 0, 0);
  if (interval_ns < 0) return interval_ns;
  const int64_t left_ns = duet_slot()->arguments[0];
  timer = (struct itimerval){{interval_ns / 1000 / second, interval_ns / 1000 % second},
                             {left_ns / 1000 / second, left_ns / 1000 % second}};
  return programs_old == NULL && sets ? 0 : duet_copy_out(programs_old, &timer, sizeof(timer));
}

static long alarm_call(unsigned seconds) {
  duet_alone = 0;
  const long bad = duet_request(SYS_setitimer, 0, 0, (int64_t)seconds * 1000000000, 0, 0, 0);
  if (bad < 0) return bad;
  const int64_t left_ns = duet_slot()->arguments[0];
  const int64_t left = (left_ns + 500000000) / 1000000000;
  return left == 0 && left_ns > 0 ? 1 : left;
}

/* --- timer_create and its relatives --- */

static long check_clock(long clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_TAI:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      return 0;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return -EPERM;
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
      return -EOPNOTSUPP;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      duet_unsupported(SYS_timer_create, clock); /* they count what a processor does */
    default:
      if (clock < 0) duet_unsupported(SYS_timer_create, clock);
      return -EINVAL;
  }
}

/* This library lives on the first; the others would stop the process. */
static int cannot_be_sent(int signal) {
  return signal == SIGSYS || signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static long create_timer(long clock, const struct sigevent* programs, int* programs_number) {
  struct sigevent event;
  if (programs != NULL && duet_copy_in(&event, programs, sizeof(event)) != 0) return -EFAULT;
  const long bad = check_clock(clock);
  if (bad != 0) return bad;
  if (programs == NULL) {
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGALRM;
  }
  const int to_thread = event.sigev_notify == SIGEV_THREAD_ID;
  const int thread = to_thread ? event._sigev_un._tid : 0;
  const int silent = event.sigev_notify == SIGEV_NONE;
  if (!to_thread && !silent && event.sigev_notify != SIGEV_SIGNAL && event.sigev_notify != SIGEV_THREAD) return -EINVAL;
  if (to_thread && (thread <= 0 || duet_kernel(SYS_tgkill, duet_process, thread, 0) != 0)) return -EINVAL;
  if (!silent && (event.sigev_signo <= 0 || event.sigev_signo > SIGRTMAX)) return -EINVAL;
  if (!silent && cannot_be_sent(event.sigev_signo)) duet_unsupported(SYS_timer_create, event.sigev_signo);
  duet_alone = 0;
  const int signal = silent ? 0 : event.sigev_signo;
  const int real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
  const long made = duet_request(SYS_timer_create, 0, 0, real, signal, thread, 0);
  if (made < 0) return made;
  const int number = (int)made;
  if (programs == NULL) event.sigev_value = (union sigval){.sival_int = number};
  timers[made].value = event.sigev_value;
  timers[made].overrun = timers[made].queued = 0;
  if (duet_copy_out(programs_number, &number, sizeof(number)) == 0) return 0;
  duet_request(SYS_timer_delete, 0, 0, made, 0, 0, 0);
  return -EFAULT;
}

/* Without `programs` it only tells. */
static long set_timer(long timer, long flags, const struct itimerspec* programs, struct itimerspec* programs_old) {
  const int64_t second = 1000000000;
  int64_t ns[2] = {-1, 0};
  if (programs != NULL) {
    const long bad = duet_read_timeout(&programs->it_value, 1, &ns[0]);
    if (bad < 0) return bad;
    const long bad_interval = duet_read_timeout(&programs->it_interval, 1, &ns[1]);
    if (bad_interval < 0) return bad_interval;
  }
  struct duet_slot* const slot = duet_slot();
  const long interval_ns = duet_request(SYS_timer_settime, 0, 0, timer, ns[0], ns[1], (flags & TIMER_ABSTIME) != 0);
  if (interval_ns < 0) return interval_ns;
  const int64_t left_ns = slot->arguments[0];
  if (programs != NULL) timers[timer].overrun = 0;
  const struct itimerspec old = {{interval_ns / second, interval_ns % second}, {left_ns / second, left_ns % second}};
  return programs_old == NULL && programs != NULL ? 0 : duet_copy_out(programs_old, &old, sizeof(old));
}

static long overrun_of(long timer) {
  const long interval_ns = duet_request(SYS_timer_settime, 0, 0, timer, -1, 0, 0);
  return interval_ns < 0 ? interval_ns : timers[timer].overrun;
}

long duet_timer_call(long number, const long a[6]) {
  switch (number) {
    case SYS_alarm:
      return alarm_call((unsigned)a[0]);
    case SYS_getitimer:
      return interval_timer(a[0], NULL, (void*)a[1], 0);
    case SYS_setitimer:
      return interval_timer(a[0], (const void*)a[1], (void*)a[2], 1);
    case SYS_timer_create:
      return create_timer((int)a[0], (const void*)a[1], (int*)a[2]);
    case SYS_timer_settime:
      return a[2] == 0 ? -EINVAL : set_timer((int)a[0], a[1], (const void*)a[2], (void*)a[3]);
    case SYS_timer_gettime:
      return set_timer((int)a[0], 0, NULL, (void*)a[1]);
    case SYS_timer_getoverrun:
      return overrun_of((int)a[0]);
    default: /* SYS_timer_delete */
      return duet_request(SYS_timer_delete, 0, 0, (int)a[0], 0, 0, 0);
  }
}
