/* The hand-over to the lab. */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

struct duet_channel* duet_channel;
__thread struct duet_self duet_self;

#define BIT(signal) (UINT64_C(1) << ((signal) - 1))
/* All but those that a thread raises by what it does, and the one that this library lives on. */
const uint64_t duet_postponed =
    ~(BIT(SIGSYS) | BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP));

int duet_alone = 1;

/* While a thread waits for its turn another may run, whose signals must not make it run too. */
static void postpone_signals(void) {
  if (duet_self.masked || duet_alone) return;
  duet_kernel(SYS_rt_sigprocmask, SIG_BLOCK, &duet_postponed, &duet_self.mask, sizeof(duet_postponed));
  duet_self.masked = 1;
}

void duet_leave(void) {
  if (!duet_self.masked) return;
  duet_self.masked = 0;
  duet_kernel(SYS_rt_sigprocmask, SIG_SETMASK, &duet_self.mask, 0, sizeof(duet_self.mask));
}

void duet_tell(long number, long a, long b, long c, long d) {
  struct duet_slot* slot = duet_slot();
  postpone_signals();
  slot->number = number;
  slot->arguments[0] = a;
  slot->arguments[1] = b;
  slot->arguments[2] = c;
  slot->arguments[3] = d;
  slot->blocked = duet_self.mask;
  slot->ignored = duet_ignored_signals();
  __atomic_store_n(&slot->turn, DUET_TURN_LAB, __ATOMIC_RELEASE);
  duet_kernel(SYS_futex, &slot->turn, FUTEX_WAKE, 1);
}

long duet_request(long number, uint32_t data_length, uint32_t address_length, long a, long b, long c, long d) {
  struct duet_slot* slot = duet_slot();
  slot->data_length = data_length;
  slot->address_length = address_length;
  duet_tell(number, a, b, c, d);
  /* Once in any case, so that the stack below, which a program may look at, is the same however fast the lab was. */
  do {
    duet_kernel(SYS_futex, &slot->turn, FUTEX_WAIT, DUET_TURN_LAB, 0);
  } while (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != DUET_TURN_PROGRAM);
  if (slot->result == -EINTR) duet_self.interrupted = 1;
  return slot->result;
}

void duet_unsupported(long number, long detail) {
  duet_request(DUET_REQUEST_UNSUPPORTED, 0, 0, number, detail, 0, 0);
  for (;;) duet_kernel(SYS_exit_group, 1);
}
