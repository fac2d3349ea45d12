/* How the library takes its place: before any other code of the program, but for the loader. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

/* The variables that brought the library here are not the program's. */
static void hide_variables(char** environment) {
  char** to = environment;
  for (char** from = environment; *from != NULL; ++from) {
    if (strncmp(*from, "LD_PRELOAD=", 11) != 0 && strncmp(*from, "DUET_", 5) != 0) *to++ = *from;
  }
  *to = NULL;
}

static unsigned long vdso_of(char** environment) {
  while (*environment != NULL) ++environment;
  for (const Elf64_auxv_t* entry = (const Elf64_auxv_t*)(environment + 1); entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == AT_SYSINFO_EHDR) return entry->a_un.a_val;
  }
  return 0;
}

static int take_standard_streams(void) {
  const long placeholder = duet_reserve();
  if (placeholder < 0) return -1;
  for (int fd = 0; fd < 3; ++fd) {
    if (duet_kernel(SYS_dup3, placeholder, fd, 0) != fd) return -1;
    duet_mark(fd, 1);
  }
  duet_kernel(SYS_close, placeholder);
  return 0;
}

__attribute__((constructor)) static void duet_start(int count, char** arguments, char** environment) {
  (void)count;
  (void)arguments;
  const unsigned long vdso = vdso_of(environment);
  hide_variables(environment);
  void* memory = (void*)duet_kernel(SYS_mmap, 0, sizeof(struct duet_channel), PROT_READ | PROT_WRITE, MAP_SHARED,
                                    DUET_CHANNEL_FD);
  duet_kernel(SYS_close, DUET_CHANNEL_FD);
  /* A failure is said by not saying hello: the lab ends the program then. */
  if ((unsigned long)memory > -4096ul || duet_make_stub() != 0 || take_standard_streams() != 0) {
    duet_kernel(SYS_exit_group, 127);
  }
  duet_patch_vdso(vdso);
  if (duet_start_dispatch() != 0) duet_kernel(SYS_exit_group, 127);
  duet_channel = memory;
  duet_request(DUET_REQUEST_HELLO, 0, 0, DUET_CHANNEL_VERSION, 0, 0, 0);
}
