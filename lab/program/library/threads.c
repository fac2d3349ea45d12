/* Threads: each has a slot of the channel, and is the lab's to schedule from its first instruction to its end.
 *
 * A thread can't be made inside a signal handler, on whose stack it would find itself. So the trap of a clone goes on
 * in the stub, which makes the call with the program's own registers, and brings both threads here. */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "lab/program/library/library.h"

/* The thread that is being made: no other thread runs until it has taken this. */
static struct {
  long number; /* of its slot */
  uint32_t* cleared;
  void* resume;
} made;

void duet_adopt_thread(struct duet_slot* slot) {
  duet_self.slot = slot;
  duet_self.thread = slot->thread = (int)duet_kernel(SYS_gettid);
  slot->awaited = 0;
  slot->alive = 1;
  duet_kernel(SYS_set_tid_address, &slot->alive);
}

void* duet_after_clone(long result) {
  void* resume = made.resume;
  if (result != 0) {
    duet_request(DUET_REQUEST_CLONED, 0, 0, made.number, result, 0, 0);
  } else {
    duet_self.cleared = made.cleared;
    duet_adopt_thread(&duet_channel->slots[made.number]);
    if (duet_dispatch_thread() != 0) duet_kernel(SYS_exit_group, 127);
    duet_request(DUET_REQUEST_STARTED, 0, 0, 0, 0, 0, 0);
  }
  duet_leave();
  return resume;
}

static long make_thread(long number, uint64_t flags, uint32_t* cleared, ucontext_t* context) {
  /* Without memory of its own for that it could not be told from its maker. */
  if (context == NULL || !(flags & CLONE_SETTLS)) duet_unsupported(number, (long)flags);
  made.number = duet_request(DUET_REQUEST_CLONE, 0, 0, (long)flags, 0, 0, 0);
  if (made.number < 0) return made.number;
  made.cleared = flags & CLONE_CHILD_CLEARTID ? cleared : NULL;
  made.resume = (void*)context->uc_mcontext.gregs[REG_RIP];
  context->uc_mcontext.gregs[REG_RIP] = (greg_t)duet_clone_entry;
  return number; /* what the stub makes */
}

long duet_clone_call(long number, const long a[6], void* context) {
  duet_alone = 0;
  struct clone_args args = {0};
  if (number == SYS_clone3) {
    const size_t length = (size_t)a[1];
    if (length < CLONE_ARGS_SIZE_VER0) return -EINVAL;
    if (duet_copy_in(&args, (const void*)a[0], length < sizeof(args) ? length : sizeof(args)) != 0) return -EFAULT;
    args.stack += args.stack_size;
  } else if (number == SYS_clone) {
    args = (struct clone_args){.flags = (uint64_t)a[0] & ~(uint64_t)CSIGNAL, .exit_signal = a[0] & CSIGNAL,
                               .stack = (uint64_t)a[1], .pidfd = (uint64_t)a[2], .parent_tid = (uint64_t)a[2],
                               .child_tid = (uint64_t)a[3], .tls = (uint64_t)a[4]};
  } else {
    args.exit_signal = SIGCHLD;
  }
  if (args.flags & CLONE_THREAD) return make_thread(number, args.flags, (uint32_t*)args.child_tid, context);
  /* What shares memory without being a thread goes on in a copy of it, vfork's child too. */
  const uint64_t kept = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PIDFD;
  if (args.flags & ~(kept | CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND)) duet_unsupported(number, (long)args.flags);
  void* const told = (void*)(args.flags & CLONE_PIDFD ? args.pidfd : args.parent_tid);
  return duet_fork((args.flags & kept) | args.exit_signal, told, (uint32_t*)args.child_tid, (void*)args.stack, context);
}

_Noreturn static void exit_thread(long status) {
  duet_release_robust();
  /* The kernel would do this unseen. */
  const uint32_t none = 0;
  if (duet_self.cleared != NULL) duet_copy_out(duet_self.cleared, &none, sizeof(none));
  duet_slot()->data_length = duet_slot()->address_length = 0;
  /* Who waits for its end may free this stack: the lab lets it run when the kernel has cleared the slot's `alive`. */
  duet_tell(DUET_REQUEST_EXIT, status, 0, (long)duet_self.cleared, 0);
  for (;;) duet_kernel(SYS_exit, status);
}

long duet_thread_call(long number, const long a[6]) {
  switch (number) {
    case SYS_exit:
      exit_thread(a[0]);
    case SYS_set_tid_address:
      duet_self.cleared = (uint32_t*)a[0];
      return duet_self.thread;
    case SYS_set_robust_list:
      if (a[1] != sizeof(struct robust_list_head)) return -EINVAL;
      duet_self.robust_list = (void*)a[0];
      /* For the end that nobody announces. */
      return duet_kernel(SYS_set_robust_list, a[0], a[1]);
    default: /* SYS_sched_yield */
      return duet_request(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
  }
}
