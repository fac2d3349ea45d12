/* How the library takes its place: before any other code of the program, but for the loader. */
#include <elf.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

char* duet_preload;

/* The variables that brought the library here are not the program's. */
static void hide_variables(char** environment) {
  char** to = environment;
  for (char** from = environment; *from != NULL; ++from) {
    if (strncmp(*from, "LD_PRELOAD=", 11) == 0) duet_preload = *from;
    else *to++ = *from;
  }
  *to = NULL;
}

/* What the kernel tells a new image, by its kind. */
static unsigned long told_by_kernel(char** environment, unsigned long kind) {
  while (*environment != NULL) ++environment;
  for (const Elf64_auxv_t* entry = (const Elf64_auxv_t*)(environment + 1); entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == kind) return entry->a_un.a_val;
  }
  return 0;
}

/* What the loader has drawn from the machine's chance, to guard stacks and pointers with, and from its clock: a program
 * that sends memory that it has not written would send it. Nothing is guarded yet. */
__attribute__((noinline)) static void forget_chance(char** environment) {
  unsigned char* const chance = (unsigned char*)told_by_kernel(environment, AT_RANDOM);
  for (int i = 0; chance != NULL && i < 16; ++i) chance[i] = (unsigned char)(0x11 * i);
  __asm__ volatile("movq %0, %%fs:0x28" : : "r"(UINT64_C(0x7766554433221100)));
  __asm__ volatile("movq %0, %%fs:0x30" : : "r"(UINT64_C(0xffeeddccbbaa9988)));
  char below[16384];
  explicit_bzero(below, sizeof(below));
}

static int take_standard_streams(void) {
  const long placeholder = duet_reserve();
  if (placeholder < 0) return -1;
  for (int fd = 0; fd < 3; ++fd) {
    if (duet_kernel(SYS_dup3, placeholder, fd, 0) != fd) return -1;
    duet_mark(fd, 1);
  }
  duet_unreserve(placeholder);
  return 0;
}

/* The slot of a process whose program this one takes over from: it has waited under its kernel's number. */
static struct duet_slot* inherited_slot(struct duet_channel* channel) {
  for (uint32_t i = 0; i <= channel->last && i < DUET_CHANNEL_SLOTS; ++i) {
    const struct duet_slot* const slot = &channel->slots[i];
    // Where another thread than the first made the exec, that one's slot has the number too, and nobody serves it.
    if (slot->thread == duet_process && slot->turn == DUET_TURN_PROGRAM) return &channel->slots[i];
  }
  return NULL;
}

/* Which descriptors are the lab's stands in its answer. Those that the kernel closed at the exec are closed there
 * too. */
static void take_descriptors(void) {
  static unsigned char there[DUET_CHANNEL_DESCRIPTORS / 8];
  __builtin_memcpy(there, duet_slot()->data, sizeof(there));
  for (int fd = 0; fd < DUET_CHANNEL_DESCRIPTORS; ++fd) {
    if (!(there[fd / 8] >> (fd % 8) & 1)) continue;
    if (duet_kernel(SYS_fcntl, fd, F_GETFD) >= 0) duet_mark(fd, 1);
    else duet_request(SYS_close, 0, 0, fd, 0, 0, 0);
  }
}

/* Where libc wants the first thread's end to be shown. It has told the kernel, which doesn't say; what it tells
 * debuggers does: a field's size in bits, its count, and where it is in the thread's descriptor. */
extern const uint32_t _thread_db_pthread_tid[3] __attribute__((weak, visibility("default")));

static uint32_t* tid_of_this_thread(void) {
  char* descriptor;
  if (_thread_db_pthread_tid == NULL) return NULL;
  __asm__("mov %%fs:0x10, %0" : "=r"(descriptor));
  return (uint32_t*)(void*)(descriptor + _thread_db_pthread_tid[2]);
}

/* libc has asked the kernel to keep the thread's processor where it can be looked up: from now on it is asked for by a
 * call, and the same in every run. libc takes what it finds there for an attempt that has failed. */
extern const ptrdiff_t __rseq_offset __attribute__((weak, visibility("default")));
extern const unsigned __rseq_size __attribute__((weak, visibility("default")));

static void leave_rseq(void) {
  const uint32_t signature = 0x53053053;
  const uint32_t area_length = 32;
  char* descriptor;
  if (&__rseq_size == NULL || __rseq_size == 0) return;
  __asm__("mov %%fs:0x10, %0" : "=r"(descriptor));
  struct rseq* const area = (struct rseq*)(void*)(descriptor + __rseq_offset);
  if (duet_kernel(SYS_rseq, area, area_length, RSEQ_FLAG_UNREGISTER, signature) != 0) return;
  area->cpu_id_start = 0;
  area->cpu_id = (uint32_t)RSEQ_CPU_ID_REGISTRATION_FAILED;
}

static void fail(void) { duet_kernel(SYS_exit_group, 127); }

/* Standard output is written by the line where somebody waits for it (see lab/program/program.h). */
static void write_lines(char** environment) {
  for (; *environment != NULL; ++environment) {
    if (strncmp(*environment, "DUET_LINES=", 11) == 0) setvbuf(stdout, NULL, _IOLBF, 0);
  }
}

__attribute__((constructor)) static void duet_start(int count, char** arguments, char** environment) {
  (void)count;
  (void)arguments;
  const unsigned long vdso = told_by_kernel(environment, AT_SYSINFO_EHDR);
  forget_chance(environment);
  hide_variables(environment);
  struct duet_channel* channel = (void*)duet_kernel(SYS_mmap, 0, sizeof(struct duet_channel), PROT_READ | PROT_WRITE,
                                                    MAP_SHARED, DUET_CHANNEL_FD);
  /* A failure is said by not saying hello: the lab ends the program then. */
  if ((unsigned long)channel > -4096ul || duet_make_stub() != 0) fail();
  duet_process = (int)duet_kernel(SYS_getpid);
  struct duet_slot* slot = inherited_slot(channel);
  if (slot == NULL && take_standard_streams() != 0) fail();
  const uint64_t mask = slot == NULL ? 0 : slot->blocked;
  duet_alone = slot == NULL;
  if (slot != NULL) duet_adopt_signals(slot->ignored);
  duet_self.cleared = tid_of_this_thread();
  duet_adopt_thread(slot == NULL ? &channel->slots[0] : slot);
  leave_rseq();
  duet_patch_vdso(vdso);
  if (duet_start_dispatch() != 0) fail();
  duet_channel = channel;
  duet_self.mask = mask;
  duet_self.masked = 1;
  duet_request(DUET_REQUEST_HELLO, 0, 0, DUET_CHANNEL_VERSION, duet_process, 0, 0);
  if (slot != NULL) take_descriptors();
  write_lines(environment);
  duet_leave();
}
