/* The program's signals stay its kernel's, but for SIGSYS, which this library lives on: it can neither be blocked nor
 * handled by the program. */
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

static const uint64_t sigsys_bit = UINT64_C(1) << (SIGSYS - 1);
static const unsigned long sa_restorer = 0x04000000;

static long action_call(const long a[6]) {
  const struct kernel_action* programs_new = (const void*)a[1];
  struct kernel_action action = {0};
  if (a[3] != sizeof(uint64_t)) return -EINVAL;
  if (a[0] == SIGSYS) return a[2] == 0 ? 0 : duet_copy_out((void*)a[2], &action, sizeof(action));
  if (programs_new == NULL) return duet_kernel(SYS_rt_sigaction, a[0], 0, a[2], a[3]);
  if (duet_copy_in(&action, programs_new, sizeof(action)) != 0) return -EFAULT;
  action.mask &= ~sigsys_bit;
  /* A handler returns by a system call: only the stub may make it. */
  action.flags |= sa_restorer;
  action.restorer = duet_restorer;
  return duet_kernel(SYS_rt_sigaction, a[0], &action, a[2], a[3]);
}

static long mask_call(const long a[6], ucontext_t* context) {
  uint64_t mask;
  if (a[3] != sizeof(mask)) return -EINVAL;
  const uint64_t* wanted = NULL;
  if (a[1] != 0) {
    if (duet_copy_in(&mask, (const void*)a[1], sizeof(mask)) != 0) return -EFAULT;
    mask &= ~sigsys_bit;
    wanted = &mask;
  }
  const long result = duet_kernel(SYS_rt_sigprocmask, a[0], wanted, a[2], a[3]);
  /* The return from the trap would undo it. */
  if (context != NULL) duet_kernel(SYS_rt_sigprocmask, SIG_SETMASK, 0, &context->uc_sigmask, sizeof(mask));
  return result;
}

static long stack_call(const long a[6], ucontext_t* context) {
  const long result = duet_kernel(SYS_sigaltstack, a[0], a[1]);
  if (context != NULL) duet_kernel(SYS_sigaltstack, 0, &context->uc_stack);
  return result;
}

long duet_signal_call(long number, const long a[6], void* context) {
  switch (number) {
    case SYS_rt_sigaction:
      return action_call(a);
    case SYS_rt_sigprocmask:
      return mask_call(a, context);
    default: /* SYS_sigaltstack */
      return stack_call(a, context);
  }
}

void duet_raise(int signal) { duet_kernel(SYS_tgkill, duet_kernel(SYS_getpid), duet_kernel(SYS_gettid), signal); }
