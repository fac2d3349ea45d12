/* Copies between the channel and the program's memory. A bad pointer is EFAULT, as it would be from the real call, and
 * not a crash inside this library.
 *
 * The kernel does them, which costs a system call each: pages that it has reached are remembered, and copied to and
 * from directly, until the program changes its mappings. Every call of it that does so, or that can cut a mapped file
 * short, comes by here (call.c), and meanwhile no other thread runs.
 *
 * Without memcpy and memset, which a program may have of its own. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "lab/program/library/library.h"

enum { kPage = 12, kRemembered = 256, kMostPages = 16 };
/* Numbers of pages, each where its last bits say. 0: none, nor is there that page. */
static uintptr_t readable[kRemembered];
static uintptr_t writable[kRemembered];

static void copy_bytes(void* to, const void* from, size_t length) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static void clear(uintptr_t* numbers, size_t count) {
  __asm__ volatile("rep stosq" : "+D"(numbers), "+c"(count) : "a"(0) : "memory");
}

void duet_forget_memory(void) {
  clear(readable, kRemembered);
  clear(writable, kRemembered);
}

/* The first page of the range and how many they are; 0 where they are too many to be remembered. */
static uintptr_t pages_of(const void* address, size_t length, uintptr_t* first) {
  *first = (uintptr_t)address >> kPage;
  const uintptr_t last = ((uintptr_t)address + length - 1) >> kPage;
  return last < *first || last - *first >= kMostPages ? 0 : last - *first + 1;
}

static int all_known(const uintptr_t* known, uintptr_t first, uintptr_t count) {
  for (uintptr_t page = first; page < first + count; ++page) {
    if (page == 0 || known[page % kRemembered] != page) return 0;
  }
  return count > 0;
}

static long copy(long number, uintptr_t* known, void* ours, void* programs, size_t length) {
  uintptr_t first;
  const uintptr_t count = pages_of(programs, length, &first);
  if (all_known(known, first, count)) {
    if (number == SYS_process_vm_readv) copy_bytes(ours, programs, length);
    else copy_bytes(programs, ours, length);
    return 0;
  }
  const struct iovec local = {ours, length};
  const struct iovec remote = {programs, length};
  const long copied = duet_kernel(number, duet_self.thread, &local, 1, &remote, 1, 0);
  if (copied != (long)length) return -EFAULT;
  for (uintptr_t page = first; page < first + count; ++page) known[page % kRemembered] = page;
  return 0;
}

long duet_copy_in(void* to, const void* from, size_t length) {
  return length == 0 ? 0 : copy(SYS_process_vm_readv, readable, to, (void*)from, length);
}

long duet_copy_out(void* to, const void* from, size_t length) {
  return length == 0 ? 0 : copy(SYS_process_vm_writev, writable, (void*)from, to, length);
}
