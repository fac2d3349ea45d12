/* The futex call, on which libc's and every language's locks stand: carried whole, so that none of them has to be.
 *
 * Values are compared and changed here: no other thread of the program runs meanwhile, nor until the lab has put this
 * one into its queue. */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "lab/program/library/library.h"

static uint64_t number_at(const char** text, int base) {
  uint64_t value = 0;
  for (;; ++*text) {
    const char c = **text;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
    if (digit >= base) return value;
    value = value * (uint64_t)base + (uint64_t)digit;
  }
}

/* A line of /proc/self/maps: "begin-end rwxs offset device:number inode path". Whether the address is in it. */
static int in_mapping(const char* line, uint64_t address, int64_t key[2]) {
  const uint64_t begin = number_at(&line, 16);
  ++line;
  const uint64_t end = number_at(&line, 16);
  if (address < begin || address >= end) return 0;
  const int shared = line[4] == 's';
  line += 6;
  const uint64_t offset = number_at(&line, 16);
  while (*++line != ' ') continue;
  ++line;
  const uint64_t inode = number_at(&line, 10);
  if (shared && inode != 0) {
    key[0] = (int64_t)inode;
    key[1] = (int64_t)(offset + (address - begin));
  }
  return 1;
}

/* Memory that processes share is known by the kernel alone. */
__attribute__((noinline)) static void find_shared(uint64_t address, int64_t key[2]) {
  const long maps = duet_kernel(SYS_open, "/proc/self/maps", 0 /* O_RDONLY */);
  char text[1024];
  char line[128]; /* the beginning of one */
  size_t length = 0;
  long got;
  while (maps >= 0 && (got = duet_kernel(SYS_read, maps, text, sizeof(text))) > 0) {
    for (long i = 0; i < got; ++i) {
      if (text[i] != '\n') {
        if (length < sizeof(line) - 1) line[length++] = text[i];
        continue;
      }
      line[length] = '\0';
      length = 0;
      if (in_mapping(line, address, key)) goto found;
    }
  }
found:
  if (maps >= 0) duet_kernel(SYS_close, maps);
}

__attribute__((noinline)) static void wipe_stack(void) {
  char below[2048];
  explicit_bzero(below, sizeof(below));
}

/* Inodes are others in every run: nothing of them may be left on the stack, where a program may look. A fork copies it
 * also while its thread waits. So a key goes straight into the slot, and what was read to find it is wiped before
 * anything else happens. */
static void put_key(const void* address, long operation, int64_t key[2]) {
  key[0] = 0;
  key[1] = (int64_t)address;
  if (operation & FUTEX_PRIVATE_FLAG) return;
  find_shared((uint64_t)address, key);
  wipe_stack();
}

/* The key is put already: put_key(…, slot_key()). */
static int64_t* slot_key(void) { return &duet_slot()->arguments[1]; }

static long ask(long operation, uint32_t data_length, long a, long b) {
  struct duet_slot* slot = duet_slot();
  slot->arguments[0] = operation;
  slot->arguments[3] = a;
  slot->arguments[4] = b;
  return duet_request_in_slot(SYS_futex, data_length, 0);
}

static long ask_at(long operation, long address, long flags, long a, long b) {
  put_key((const void*)address, flags, slot_key());
  return ask(operation, 0, a, b);
}

/* Of FUTEX_WAIT a duration, of the others a moment of a clock; -1: for ever. */
static long time_left(long operation, const void* programs, int64_t* left_ns) {
  long bad = duet_read_timeout(programs, 1, left_ns);
  if (bad < 0 || *left_ns < 0) return bad;
  if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT) {
    *left_ns = duet_time_left(*left_ns);
    return 0;
  }
  const int command = operation & FUTEX_CMD_MASK;
  const int real = (operation & FUTEX_CLOCK_REALTIME) || command == FUTEX_LOCK_PI;
  *left_ns -= duet_clock_ns(real ? CLOCK_REALTIME : CLOCK_MONOTONIC);
  if (*left_ns < 0) *left_ns = 0;
  return 0;
}

/* By libc's layouts: a thread's end is shown by its number, which stands where it is shared with the kernel; a mutex
 * that others wait for is 2, and its owner's number stands 8 bytes behind. */
static long seems_to_wait_for(const long a[6], uint32_t value) {
  uint32_t owner;
  if (!(a[1] & FUTEX_PRIVATE_FLAG) && value > 2) return (long)value << 8 | DUET_FOR_END;
  if (value != 2 || duet_copy_in(&owner, (const void*)(a[0] + 8), sizeof(owner)) != 0) return DUET_FOR_NEWS;
  return (long)owner << 8 | DUET_FOR_MUTEX;
}

static long wait_on(const long a[6], long bitset) {
  uint32_t value;
  int64_t left_ns;
  if (bitset == 0 || a[0] % 4 != 0) return -EINVAL;
  // First: to look at the clock may let others run, and the value has to be as it is when this waits.
  const long bad = time_left(a[1], (const void*)a[3], &left_ns);
  if (bad < 0) return bad;
  if (duet_copy_in(&value, (const void*)a[0], sizeof(value)) != 0) return -EFAULT;
  if (value != (uint32_t)a[2]) return -EAGAIN;
  duet_slot()->arguments[5] = seems_to_wait_for(a, value);
  return ask_at(DUET_FUTEX_WAIT, a[0], a[1], left_ns, bitset);
}

static long wake(const long a[6], long bitset) {
  if (bitset == 0 || a[0] % 4 != 0) return -EINVAL;
  return ask_at(DUET_FUTEX_WAKE, a[0], a[1], (int)a[2], bitset);
}

static long move_waiters(const long a[6], int compares) {
  uint32_t value;
  if ((int)a[2] < 0 || (int)a[3] < 0) return -EINVAL;
  if (duet_copy_in(&value, (const void*)a[0], sizeof(value)) != 0) return -EFAULT;
  if (compares && value != (uint32_t)a[5]) return -EAGAIN;
  int64_t* const to = (int64_t*)(void*)duet_slot()->data;
  put_key((const void*)a[4], a[1], to);
  put_key((const void*)a[0], a[1], slot_key());
  return ask(DUET_FUTEX_MOVE, 2 * sizeof(*to), (int)a[2], (int)a[3]);
}

static int holds(uint32_t comparison, int32_t left, int32_t right) {
  switch (comparison) {
    case FUTEX_OP_CMP_EQ: return left == right;
    case FUTEX_OP_CMP_NE: return left != right;
    case FUTEX_OP_CMP_LT: return left < right;
    case FUTEX_OP_CMP_LE: return left <= right;
    case FUTEX_OP_CMP_GT: return left > right;
    default: return left >= right;
  }
}

static long wake_and_change(const long a[6]) {
  const uint32_t code = (uint32_t)a[5];
  int32_t operand = (int32_t)(code << 8) >> 20;
  if (code >> 28 & FUTEX_OP_OPARG_SHIFT) operand = (int32_t)(1u << (operand & 31));
  int32_t before;
  if (duet_copy_in(&before, (const void*)a[4], sizeof(before)) != 0) return -EFAULT;
  int32_t after;
  switch (code >> 28 & 7) {
    case FUTEX_OP_SET: after = operand; break;
    case FUTEX_OP_ADD: after = (int32_t)((uint32_t)before + (uint32_t)operand); break;
    case FUTEX_OP_OR: after = before | operand; break;
    case FUTEX_OP_ANDN: after = before & ~operand; break;
    case FUTEX_OP_XOR: after = before ^ operand; break;
    default: return -ENOSYS;
  }
  if (duet_copy_out((void*)a[4], &after, sizeof(after)) != 0) return -EFAULT;
  const long first = ask_at(DUET_FUTEX_WAKE, a[0], a[1], (int)a[2], -1);
  if (first < 0 || !holds(code >> 24 & 15, before, (int32_t)(code << 20) >> 20)) return first;
  const long second = ask_at(DUET_FUTEX_WAKE, a[4], a[1], (int)a[3], -1);
  return second < 0 ? second : first + second;
}

/* Locks that name their owner: whoever unlocks hands them over. */
static long lock_owned(const long a[6], int tries) {
  uint32_t word;
  int64_t left_ns;
  const uint32_t self = (uint32_t)duet_self.thread;
  const long bad = time_left(a[1], (const void*)a[3], &left_ns);  // first, as above
  if (duet_copy_in(&word, (const void*)a[0], sizeof(word)) != 0) return -EFAULT;
  if ((word & FUTEX_TID_MASK) == self) return -EDEADLK;
  const int free = (word & FUTEX_TID_MASK) == 0;
  if (!free && tries) return -EAGAIN;
  const uint32_t changed = free ? word | self : word | FUTEX_WAITERS;
  if (duet_copy_out((void*)a[0], &changed, sizeof(changed)) != 0) return -EFAULT;
  if (free) return 0;
  duet_slot()->arguments[5] = (long)(word & FUTEX_TID_MASK) << 8 | DUET_FOR_MUTEX;
  return bad < 0 ? bad : ask_at(DUET_FUTEX_WAIT, a[0], a[1], left_ns, -1);
}

static long unlock_owned(const long a[6]) {
  uint32_t word;
  if (duet_copy_in(&word, (const void*)a[0], sizeof(word)) != 0) return -EFAULT;
  if ((word & FUTEX_TID_MASK) != (uint32_t)duet_self.thread) return -EPERM;
  const long next = ask_at(DUET_FUTEX_HAND, a[0], a[1], 0, 0);
  if (next < 0) return next;
  word = (uint32_t)next | (next != 0 && duet_slot()->arguments[0] ? FUTEX_WAITERS : 0);
  return duet_copy_out((void*)a[0], &word, sizeof(word));
}

long duet_futex_call(const long a[6]) {
  switch (a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT: return wait_on(a, -1);
    case FUTEX_WAIT_BITSET: return wait_on(a, (long)(uint32_t)a[5]);
    case FUTEX_WAKE: return wake(a, -1);
    case FUTEX_WAKE_BITSET: return wake(a, (long)(uint32_t)a[5]);
    case FUTEX_REQUEUE: return move_waiters(a, 0);
    case FUTEX_CMP_REQUEUE: return move_waiters(a, 1);
    case FUTEX_WAKE_OP: return wake_and_change(a);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2: return lock_owned(a, 0);
    case FUTEX_TRYLOCK_PI: return lock_owned(a, 1);
    case FUTEX_UNLOCK_PI: return unlock_owned(a);
    default: return -ENOSYS;
  }
}

static void abandon(char* entry, long offset) {
  uint32_t* word = (uint32_t*)(void*)((char*)((uintptr_t)entry & ~(uintptr_t)1) + offset);
  uint32_t value;
  if (duet_copy_in(&value, word, sizeof(value)) != 0) return;
  if ((value & FUTEX_TID_MASK) != (uint32_t)duet_self.thread) return;
  const uint32_t died = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
  if (duet_copy_out(word, &died, sizeof(died)) != 0) return;
  /* Whether its processes share it isn't known here. */
  if (value & FUTEX_WAITERS) {
    ask_at(DUET_FUTEX_WAKE, (long)word, FUTEX_PRIVATE_FLAG, 1, -1);
    put_key(word, 0, slot_key());
    if (slot_key()[0] != 0) ask(DUET_FUTEX_WAKE, 0, 1, -1);
  }
}

void duet_release_robust(void) {
  struct robust_list_head head;
  enum { kMost = 2048 };
  char* const list = duet_self.robust_list;
  if (list == NULL || duet_copy_in(&head, list, sizeof(head)) != 0) return;
  char* entry = (char*)head.list.next;
  for (int i = 0; i < kMost && (char*)((uintptr_t)entry & ~(uintptr_t)1) != list; ++i) {
    char* next;
    if (duet_copy_in(&next, (char*)((uintptr_t)entry & ~(uintptr_t)1), sizeof(next)) != 0) return;
    abandon(entry, head.futex_offset);
    entry = next;
  }
  if (head.list_op_pending != NULL) abandon((char*)head.list_op_pending, head.futex_offset);
}
