/* System-call dispatch: every system call that isn't made from the stub page becomes a SIGSYS, and so gets here. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "lab/program/library/library.h"
#include "lab/program/library/stub.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

enum { kByDispatch = 2 /* SYS_USER_DISPATCH; otherwise it is the guard filter's */, kSyscallLength = 2 };

/* While it runs the program's signals wait: the mask of the trapped context comes back when it returns. */
static void on_trap(int signal, siginfo_t* info, void* opaque) {
  (void)signal;
  ucontext_t* context = opaque;
  greg_t* registers = context->uc_mcontext.gregs;
  const long number = info->si_syscall;
  if (info->si_code != kByDispatch) duet_unsupported(number, 0);
  if (number == SYS_rt_sigreturn) {
    /* From a handler that was installed before this library was there: let the stub do it on the same stack. */
    registers[REG_RIP] = (greg_t)duet_restorer;
    return;
  }
  const long arguments[6] = {registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                             registers[REG_R10], registers[REG_R8],  registers[REG_R9]};
  const int masked = duet_self.masked;
  const uint64_t mask = duet_self.mask;
  duet_self.masked = 1;
  duet_self.mask = duet_mask_of(context);
  const long result = duet_call(number, arguments, context);
  duet_self.masked = masked;
  duet_self.mask = mask;
  if (result == -DUET_RESTART) registers[REG_RIP] -= kSyscallLength;
  else registers[REG_RAX] = result;
}

int duet_dispatch_thread(void) {
  const long on = duet_kernel(SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, DUET_STUB_ADDRESS,
                              DUET_STUB_LENGTH, 0);
  return on == 0 ? 0 : -1;
}

int duet_start_dispatch(void) {
  struct {
    void (*handler)(int, siginfo_t*, void*);
    unsigned long flags;
    void* restorer;
    uint64_t mask;
  } action = {on_trap, SA_SIGINFO | SA_NODEFER | 0x04000000 /* SA_RESTORER */, duet_restorer, duet_postponed};
  if (duet_kernel(SYS_rt_sigaction, SIGSYS, &action, 0, sizeof(action.mask)) != 0) return -1;
  return duet_dispatch_thread();
}
