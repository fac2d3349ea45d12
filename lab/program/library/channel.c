/* The hand-over to the lab. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

struct duet_channel* duet_channel;

struct duet_slot* duet_slot(void) { return &duet_channel->slots[0]; }

long duet_request(long number, uint32_t data_length, uint32_t address_length, long a, long b, long c, long d) {
  struct duet_slot* slot = duet_slot();
  slot->number = number;
  slot->data_length = data_length;
  slot->address_length = address_length;
  slot->arguments[0] = a;
  slot->arguments[1] = b;
  slot->arguments[2] = c;
  slot->arguments[3] = d;
  __atomic_store_n(&slot->turn, DUET_TURN_LAB, __ATOMIC_RELEASE);
  duet_kernel(SYS_futex, &slot->turn, FUTEX_WAKE, 1);
  while (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != DUET_TURN_PROGRAM) {
    duet_kernel(SYS_futex, &slot->turn, FUTEX_WAIT, DUET_TURN_LAB, 0);
  }
  return slot->result;
}

void duet_unsupported(long number, long detail) {
  duet_request(DUET_REQUEST_UNSUPPORTED, 0, 0, number, detail, 0, 0);
  for (;;) duet_kernel(SYS_exit_group, 1);
}
