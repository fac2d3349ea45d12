/* The ledger's lines for what this library and the kernel have answered without the lab: processes, signals and timers.
 * They travel in the slot's queue with the next request, and where that has no room they are dropped: they explain. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#include "lab/program/library/library.h"
#include "lab/trace/ledger_entry.h"

static void append(const struct duet_ledger_entry* entry) {
  uint8_t* const to = duet_queue_room(sizeof(*entry));
  if (to == NULL) return;
  __builtin_memcpy(to, entry, sizeof(*entry));
  duet_queue(DUET_REQUEST_NOTE, -1, 0, sizeof(*entry));
}

static int64_t nanoseconds(int64_t seconds, int64_t rest) {
  const int64_t longest = INT64_MAX / 4;
  return seconds < 0 ? 0 : seconds > longest / 1000000000 ? longest : seconds * 1000000000 + rest;
}

static void fill_path(struct duet_ledger_entry* entry, const char* programs) {
  uint16_t length = 0;
  while (length < DUET_LEDGER_DATA && duet_copy_in(&entry->data[length], programs + length, 1) == 0 &&
         entry->data[length] != '\0') {
    ++length;
  }
  entry->data_length = length;
}

static void fill_wait(struct duet_ledger_entry* entry, long number, const long a[6]) {
  int status = 0;
  entry->call = DUET_CALL_WAIT;
  entry->arguments[0] = number == SYS_waitid ? -1 : (int)a[0];
  if (number == SYS_wait4 && a[1] != 0 && duet_copy_in(&status, (const void*)a[1], sizeof(status)) == 0) {
    entry->arguments[1] = status;
  }
}

static void fill_action(struct duet_ledger_entry* entry, const long a[6]) {
  void* handler = NULL;
  entry->call = DUET_CALL_SIGACTION;
  duet_copy_in(&handler, (const void*)a[1], sizeof(handler));
  entry->arguments[0] = a[0];
  entry->arguments[1] = handler == (void*)SIG_DFL ? 0 : handler == (void*)SIG_IGN ? 1 : 2;
}

static void fill_kill(struct duet_ledger_entry* entry, long number, const long a[6]) {
  const int to_thread = number == SYS_tgkill || number == SYS_rt_tgsigqueueinfo;
  entry->call = DUET_CALL_KILL;
  entry->arguments[0] = number == SYS_tkill ? 0 : (int)a[0];
  entry->arguments[1] = to_thread ? (int)a[1] : number == SYS_tkill ? (int)a[0] : 0;
  entry->arguments[2] = to_thread ? (int)a[2] : (int)a[1];
}

/* timerfd_settime and timer_settime */
static void fill_setting(struct duet_ledger_entry* entry, uint32_t call, const long a[6]) {
  struct itimerspec time = {{0, 0}, {0, 0}};
  entry->call = call;
  duet_copy_in(&time, (const void*)a[2], sizeof(time));
  entry->arguments[0] = (int)a[0];
  entry->arguments[1] = nanoseconds(time.it_value.tv_sec, time.it_value.tv_nsec);
  entry->arguments[2] = nanoseconds(time.it_interval.tv_sec, time.it_interval.tv_nsec);
}

static void fill_timer(struct duet_ledger_entry* entry, const long a[6]) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  if (a[1] != 0) duet_copy_in(&event, (const void*)a[1], sizeof(event));
  entry->call = DUET_CALL_TIMER_CREATE;
  entry->arguments[0] = (int)a[0];
  entry->arguments[1] = event.sigev_notify == SIGEV_NONE ? 0 : event.sigev_signo;
}

static void fill_alarm(struct duet_ledger_entry* entry, long number, const long a[6]) {
  struct itimerval time = {{0, 0}, {0, 0}};
  entry->call = DUET_CALL_SETITIMER;
  if (number == SYS_alarm) time.it_value.tv_sec = (unsigned)a[0];
  else duet_copy_in(&time, (const void*)a[1], sizeof(time));
  entry->arguments[1] = nanoseconds(time.it_value.tv_sec, time.it_value.tv_usec * 1000);
  entry->arguments[2] = nanoseconds(time.it_interval.tv_sec, time.it_interval.tv_usec * 1000);
}

/* Whether the call has a line. */
static int fill(struct duet_ledger_entry* entry, long number, const long a[6]) {
  switch (number) {
    case SYS_wait4:
    case SYS_waitid: fill_wait(entry, number, a); return 1;
    case SYS_execve: entry->call = DUET_CALL_EXECVE; fill_path(entry, (const char*)a[0]); return 1;
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo: fill_kill(entry, number, a); return 1;
    case SYS_rt_sigaction: fill_action(entry, a); return a[1] != 0;
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait: entry->call = DUET_CALL_SIGWAIT; entry->arguments[0] = -1; return 1;
    case SYS_alarm:
    case SYS_setitimer: fill_alarm(entry, number, a); return 1;
    case SYS_eventfd:
    case SYS_eventfd2:
      entry->call = DUET_CALL_EVENTFD;
      entry->arguments[0] = (unsigned)a[0];
      entry->arguments[1] = number == SYS_eventfd ? 0 : a[1];
      return 1;
    case SYS_timerfd_create:
      entry->call = DUET_CALL_TIMERFD_CREATE;
      entry->arguments[0] = a[0];
      entry->arguments[1] = a[1];
      return 1;
    case SYS_timerfd_settime: fill_setting(entry, DUET_CALL_TIMERFD_SETTIME, a); return 1;
    case SYS_timer_create: fill_timer(entry, a); return 1;
    case SYS_timer_settime: fill_setting(entry, DUET_CALL_TIMER_SETTIME, a); return 1;
    default: return 0;
  }
}

void duet_note_call(long number, const long arguments[6], int64_t begin_ns, long result) {
  struct duet_ledger_entry entry;
  __builtin_memset(&entry, 0, sizeof(entry));
  if (result == -DUET_RESTART || !fill(&entry, number, arguments)) return;
  entry.begin_ns = begin_ns;
  entry.result = result < 0 ? -1 : result;
  entry.error = result < 0 ? (int32_t)-result : 0;
  append(&entry);
}
