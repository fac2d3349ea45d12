/* Signals stay the kernel's: its handlers, its masks, what is pending. But a thread that waits for its turn has all of
 * them blocked, so that they reach it when it runs again and at no other moment; and whoever sends one tells the lab,
 * which interrupts the call that the receiver is blocked in.
 *
 * SIGSYS, which this library lives on, can neither be blocked nor handled by the program. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "lab/program/library/library.h"

/* The kernel's own layout. */
struct kernel_action {
  void* handler;
  unsigned long flags;
  void* restorer;
  uint64_t mask;
};

#define BIT(signal) (UINT64_C(1) << ((signal) - 1))
static const uint64_t sigsys_bit = BIT(SIGSYS);
static const unsigned long sa_restorer = 0x04000000;

/* What becomes of each signal. One that is in neither set ends the program. */
static uint64_t ignored = BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT);
static uint64_t handled;
static uint64_t restarting; /* those of them whose handlers let calls go on */

uint64_t duet_ignored_signals(void) { return ignored; }

void duet_adopt_signals(uint64_t programs_ignored) {
  if (programs_ignored != 0) ignored = programs_ignored;
}

uint64_t duet_mask_of(const void* context) {
  uint64_t mask;
  __builtin_memcpy(&mask, &((const ucontext_t*)context)->uc_sigmask, sizeof(mask));
  return mask;
}

static void note_action(long signal, const struct kernel_action* action) {
  const uint64_t by_default = BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT);
  const uint64_t bit = BIT(signal);
  ignored &= ~bit;
  handled &= ~bit;
  restarting &= ~bit;
  if (action->handler == (void*)SIG_IGN) ignored |= bit;
  else if (action->handler == (void*)SIG_DFL) ignored |= by_default & bit;
  else handled |= bit;
  if (action->flags & SA_RESTART) restarting |= handled & bit;
}

static long action_call(const long a[6]) {
  const struct kernel_action* programs_new = (const void*)a[1];
  struct kernel_action action = {0};
  if (a[3] != sizeof(uint64_t)) return -EINVAL;
  if (a[0] == SIGSYS) return a[2] == 0 ? 0 : duet_copy_out((void*)a[2], &action, sizeof(action));
  if (programs_new == NULL) return duet_kernel(SYS_rt_sigaction, a[0], 0, a[2], a[3]);
  if (duet_copy_in(&action, programs_new, sizeof(action)) != 0) return -EFAULT;
  action.mask &= ~sigsys_bit;
  const struct kernel_action programs = action;
  /* A handler returns by a system call: only the stub may make it. */
  action.flags |= sa_restorer;
  action.restorer = duet_restorer;
  const long result = duet_kernel(SYS_rt_sigaction, a[0], &action, a[2], a[3]);
  if (result == 0) note_action(a[0], &programs);
  return result;
}

/* The mask is the trapped context's, which comes back when the trap returns. */
static long mask_call(const long a[6], ucontext_t* context) {
  uint64_t mask;
  const uint64_t before = duet_self.mask;
  if (a[3] != sizeof(mask)) return -EINVAL;
  if (a[1] != 0) {
    if (duet_copy_in(&mask, (const void*)a[1], sizeof(mask)) != 0) return -EFAULT;
    if (a[0] == SIG_BLOCK) mask |= before;
    else if (a[0] == SIG_UNBLOCK) mask = before & ~mask;
    else if (a[0] != SIG_SETMASK) return -EINVAL;
    duet_self.mask = mask & ~(sigsys_bit | BIT(SIGKILL) | BIT(SIGSTOP));
    __builtin_memcpy(&context->uc_sigmask, &duet_self.mask, sizeof(mask));
  }
  return a[2] == 0 ? 0 : duet_copy_out((void*)a[2], &before, sizeof(before));
}

static long stack_call(const long a[6], ucontext_t* context) {
  const long result = duet_kernel(SYS_sigaltstack, a[0], a[1]);
  if (context != NULL) duet_kernel(SYS_sigaltstack, 0, &context->uc_stack);
  return result;
}

/* Those that would be told of, now, where `mask` is the thread's. */
static uint64_t due(uint64_t mask) {
  uint64_t pending = 0;
  duet_kernel(SYS_rt_sigpending, &pending, sizeof(pending));
  return pending & ~mask & ~ignored;
}

int duet_signal_is_due(void) { return due(duet_self.mask) != 0; }

static int never_restarts(long number) {
  switch (number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_rt_sigtimedwait:
      return 1;
    default:
      return 0;
  }
}

/* A socket's own limit on what a call may wait isn't begun anew, nor does Linux: such a call ends. The lab says so. */
static int has_socket_limit(long number) {
  switch (number) {
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
      return duet_slot()->arguments[0] != 0;
    default:
      return 0;
  }
}

long duet_after_interruption(long number) {
  if (has_socket_limit(number)) return -EINTR;
  const uint64_t handlers = due(duet_self.mask) & handled;
  /* Another thread had it meanwhile, or it ends the program in a moment. */
  if (handlers == 0) return -DUET_RESTART;
  return never_restarts(number) || (handlers & ~restarting) ? -EINTR : -DUET_RESTART;
}

/* Runs the handlers of what is due, with that mask. */
static void take_signals(uint64_t mask) {
  const uint64_t before = duet_self.mask;
  duet_self.masked = 0;
  duet_kernel(SYS_rt_sigsuspend, &mask, sizeof(mask));
  duet_self.masked = 1;
  duet_self.mask = before;
}

static long suspend_call(uint64_t mask) {
  const uint64_t before = duet_self.mask;
  duet_self.mask = mask & ~sigsys_bit;
  while (due(duet_self.mask) == 0) duet_request(DUET_REQUEST_WAIT_SIGNAL, 0, 0, -1, 0, 0, 0);
  const uint64_t suspended = duet_self.mask;
  duet_self.mask = before;
  take_signals(suspended);
  duet_self.interrupted = 0;
  return -EINTR;
}

long duet_enter_mask(const void* programs, long size, uint64_t* before) {
  uint64_t mask;
  *before = duet_self.mask;
  if (programs == NULL) return 0;
  if (size != sizeof(mask)) return -EINVAL;
  if (duet_copy_in(&mask, programs, sizeof(mask)) != 0) return -EFAULT;
  duet_self.mask = mask & ~sigsys_bit;
  return due(duet_self.mask) != 0;
}

long duet_leave_mask(const void* programs, uint64_t before, long result) {
  const uint64_t mask = duet_self.mask;
  duet_self.mask = before;
  if (programs == NULL || result != -EINTR || due(mask) == 0) return result;
  take_signals(mask);
  duet_self.interrupted = 0;
  return -EINTR;
}

static long timed_wait(const long a[6]) {
  static const struct timespec at_once = {0, 0};
  uint64_t set;
  int64_t left_ns;
  if (a[3] != sizeof(set)) return -EINVAL;
  if (duet_copy_in(&set, (const void*)a[0], sizeof(set)) != 0) return -EFAULT;
  const long bad = duet_read_timeout((const void*)a[2], 1, &left_ns);
  if (bad < 0) return bad;
  const int64_t end_ns = duet_channel->world_ns + left_ns;
  for (;;) {
    const long taken = duet_kernel(SYS_rt_sigtimedwait, a[0], a[1], &at_once, sizeof(set));
    if (taken != -EAGAIN) return taken;
    if (due(duet_self.mask) & handled) return -EINTR;
    if (left_ns >= 0) left_ns = end_ns > duet_channel->world_ns ? end_ns - duet_channel->world_ns : 0;
    duet_slot()->awaited = set;
    const long waited = duet_request(DUET_REQUEST_WAIT_SIGNAL, 0, 0, left_ns, 0, 0, 0);
    duet_slot()->awaited = 0;
    if (waited == -EAGAIN) return waited;
  }
}

long duet_signal_call(long number, const long a[6], void* context) {
  uint64_t mask;
  switch (number) {
    case SYS_rt_sigaction:
      return action_call(a);
    case SYS_rt_sigprocmask:
      return mask_call(a, context);
    case SYS_sigaltstack:
      return stack_call(a, context);
    case SYS_pause:
      return suspend_call(duet_self.mask);
    case SYS_rt_sigsuspend:
      if (a[1] != sizeof(mask)) return -EINVAL;
      return duet_copy_in(&mask, (const void*)a[0], sizeof(mask)) != 0 ? -EFAULT : suspend_call(mask);
    default: /* SYS_rt_sigtimedwait */
      return timed_wait(a);
  }
}

/* The number of the process whose pidfd that is, or a negative errno. The kernel tells it by /proc: "Pid:\t12". What
 * else it tells is another in every run, and so nothing for the stack. */
static long process_of(long pidfd) {
  static const char field[] = "\nPid:\t";
  static char text[1024];
  char path[40] = "/proc/self/fdinfo/";
  char* end = path + __builtin_strlen(path);
  char digits[12];
  int count = 0;
  if (pidfd < 0) return -EBADF;
  for (long left = pidfd; left > 0 || count == 0; left /= 10) digits[count++] = (char)('0' + left % 10);
  while (count > 0) *end++ = digits[--count];
  *end = '\0';
  const long info = duet_kernel(SYS_open, path, 0 /* O_RDONLY */);
  if (info < 0) return -EBADF;
  const long length = duet_kernel(SYS_read, info, text, sizeof(text) - 1);
  duet_kernel(SYS_close, info);
  text[length > 0 ? length : 0] = '\0';
  const char* number = __builtin_strstr(text, field);
  if (number == NULL) return -EBADF;
  long process = 0;
  for (number += sizeof(field) - 1; *number >= '0' && *number <= '9'; ++number) {
    process = process * 10 + (*number - '0');
  }
  return process > 0 ? process : -ESRCH;
}

/* Whom a signal is for: a process, or one below 1 for several; a thread of it, or 0. */
struct receiver {
  long process;
  long thread;
  long signal;
};

static struct receiver receiver_of(long number, const long a[6]) {
  switch (number) {
    case SYS_tkill:
      return (struct receiver){0, (int)a[0], (int)a[1]};
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
      return (struct receiver){(int)a[0], (int)a[1], (int)a[2]};
    case SYS_pidfd_send_signal:
      return (struct receiver){process_of((int)a[0]), 0, (int)a[1]};
    default: /* SYS_kill, SYS_rt_sigqueueinfo */
      return (struct receiver){(int)a[0], 0, (int)a[1]};
  }
}

/* Whether the call would be allowed: the same one, with no signal. */
static long allowed(long number, const long a[6]) {
  switch (number) {
    case SYS_tkill:
      return duet_kernel(SYS_tkill, a[0], 0);
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
      return duet_kernel(SYS_tgkill, a[0], a[1], 0);
    case SYS_pidfd_send_signal:
      return duet_kernel(SYS_pidfd_send_signal, a[0], 0, 0, 0);
    default:
      return duet_kernel(SYS_kill, a[0], 0);
  }
}

/* The kernel sends it; the lab hears of it. But SIGKILL waits for nobody's turn, nor would a stop: the
 * lab sends the first itself, and carries no other. */
long duet_kill_call(long number, const long a[6]) {
  const struct receiver to = receiver_of(number, a);
  const int stops = to.signal == SIGSTOP || to.signal == SIGTSTP || to.signal == SIGTTIN || to.signal == SIGTTOU;
  const int own = to.process == duet_process || to.thread == duet_self.thread;
  if (number == SYS_pidfd_send_signal && to.process < 0) return to.process;
  if ((to.signal == SIGKILL || stops) && !own) {
    const long may = allowed(number, a);
    return may < 0 ? may : duet_request(DUET_REQUEST_KILL, 0, 0, to.process, to.thread, to.signal, 0);
  }
  if (stops) duet_unsupported(SYS_kill, to.signal);
  const long sent = duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (sent < 0 || to.signal == 0) return sent;
  /* What comes to this thread needs nobody's help. */
  const int to_self = to.thread == duet_self.thread || (to.thread == 0 && to.process == duet_process);
  if (to_self && (duet_self.mask & BIT(to.signal)) == 0) return sent;
  duet_request(DUET_REQUEST_SIGNALLED, 0, 0, to.process, to.thread, to.signal, 0);
  return sent;
}

void duet_raise(int signal) { duet_kernel(SYS_tgkill, duet_process, duet_self.thread, signal); }
