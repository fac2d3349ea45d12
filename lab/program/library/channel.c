/* The hand-over to the lab. */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

struct duet_channel* duet_channel;
__thread struct duet_self duet_self;

/* All but the one that this library lives on. One that a thread raises by what it does ends the program where it is
 * blocked: the library does nothing that could raise it. */
const uint64_t duet_postponed = ~(UINT64_C(1) << (SIGSYS - 1));

int duet_alone = 1;

/* While a thread waits for its turn another may run, whose signals must not make it run too. */
static void postpone_signals(void) {
  if (duet_self.masked || duet_alone) return;
  duet_kernel(SYS_rt_sigprocmask, SIG_BLOCK, &duet_postponed, &duet_self.mask, sizeof(duet_postponed));
  duet_self.masked = 1;
  duet_self.asked = 0; /* whatever a handler has asked for until now */
}

void duet_leave(void) {
  if (!duet_self.masked) return;
  duet_self.masked = 0;
  duet_kernel(SYS_rt_sigprocmask, SIG_SETMASK, &duet_self.mask, 0, sizeof(duet_self.mask));
}

/* Gives the turn to the lab, and waits for it to come back where `waits`.
 *
 * The calls have one place, and so leave one return address on the stack: a fork by another thread, which may come as
 * soon as the turn is given, copies a stack that is the same however far this thread has got. */
static void hand_over(struct duet_slot* slot, int waits) {
  long operation = FUTEX_WAKE;
  long value = 1;
  __atomic_store_n(&slot->turn, DUET_TURN_LAB, __ATOMIC_RELEASE);
  do {
    __asm__ volatile("" : "+r"(operation), "+r"(value));
    duet_kernel(SYS_futex, &slot->turn, operation, value, 0);
    operation = FUTEX_WAIT;
    value = DUET_TURN_LAB;
  } while (waits && __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != DUET_TURN_PROGRAM);
}

static void ask(long number, int waits) {
  struct duet_slot* slot = duet_slot();
  postpone_signals();
  slot->number = number;
  slot->begins_call = !duet_self.asked;
  duet_self.asked = 1;
  slot->blocked = duet_self.mask;
  slot->ignored = duet_ignored_signals();
  hand_over(slot, waits);
}

static void put_arguments(long a, long b, long c, long d) {
  struct duet_slot* slot = duet_slot();
  slot->arguments[0] = a;
  slot->arguments[1] = b;
  slot->arguments[2] = c;
  slot->arguments[3] = d;
}

void duet_tell(long number, long a, long b, long c, long d) {
  put_arguments(a, b, c, d);
  ask(number, 0);
}

long duet_request_in_slot(long number, uint32_t data_length, uint32_t address_length) {
  struct duet_slot* slot = duet_slot();
  slot->data_length = data_length;
  slot->address_length = address_length;
  ask(number, 1);
  if (slot->expired != 0) duet_timers_expired();
  if (slot->result == -EINTR) duet_self.interrupted = 1;
  return slot->result;
}

uint8_t* duet_queue_room(size_t length) {
  struct duet_slot* const slot = duet_slot();
  if (slot == NULL || length + sizeof(struct duet_queued) > DUET_CHANNEL_QUEUE - slot->queue_length) return NULL;
  return slot->queue + slot->queue_length + sizeof(struct duet_queued);
}

void duet_queue(long number, long fd, long flags, size_t length) {
  struct duet_slot* const slot = duet_slot();
  const struct duet_queued head = {(int32_t)number, (int32_t)fd, (int32_t)flags, (uint32_t)length};
  __builtin_memcpy(slot->queue + slot->queue_length, &head, sizeof(head));
  slot->queue_length += (uint32_t)(sizeof(head) + (length + 7) / 8 * 8);
}

long duet_request(long number, uint32_t data_length, uint32_t address_length, long a, long b, long c, long d) {
  put_arguments(a, b, c, d);
  return duet_request_in_slot(number, data_length, address_length);
}

void duet_unsupported(long number, long detail) {
  duet_request(DUET_REQUEST_UNSUPPORTED, 0, 0, number, detail, 0, 0);
  for (;;) duet_kernel(SYS_exit_group, 1);
}
