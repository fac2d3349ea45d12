/* The stub page: at a fixed address, so that the guard filter and system-call dispatch can tell calls that the
 * library makes from all others. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"
#include "lab/program/library/stub.h"

/* Position-independent; copied to the page. The C calling convention's seven arguments become the kernel's. */
__asm__(
    ".pushsection .text\n"
    "duet_stub_begin:\n"
    "  mov %rdi, %rax\n"
    "  mov %rsi, %rdi\n"
    "  mov %rdx, %rsi\n"
    "  mov %rcx, %rdx\n"
    "  mov %r8, %r10\n"
    "  mov %r9, %r8\n"
    "  mov 8(%rsp), %r9\n"
    "  syscall\n"
    "  ret\n"
    "duet_stub_restorer:\n"
    "  mov $15, %eax\n" /* rt_sigreturn */
    "  syscall\n"
    "duet_stub_end:\n"
    ".popsection\n");
extern const char duet_stub_begin[] __attribute__((visibility("hidden")));
extern const char duet_stub_restorer[] __attribute__((visibility("hidden")));
extern const char duet_stub_end[] __attribute__((visibility("hidden")));

/* Until the page exists, the code where it was linked does. */
long (*duet_kernel_entry)(long, long, long, long, long, long, long) = (void*)duet_stub_begin;
void* duet_restorer;

int duet_make_stub(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  char* page = (char*)duet_kernel(SYS_mmap, DUET_STUB_ADDRESS, DUET_STUB_LENGTH, PROT_READ | PROT_WRITE, flags, -1);
  if (page != (char*)DUET_STUB_ADDRESS) return -1;
  for (const char* from = duet_stub_begin; from < duet_stub_end; ++from) page[from - duet_stub_begin] = *from;
  if (duet_kernel(SYS_mprotect, page, DUET_STUB_LENGTH, PROT_READ | PROT_EXEC) != 0) return -1;
  duet_kernel_entry = (void*)page;
  duet_restorer = page + (duet_stub_restorer - duet_stub_begin);
  return 0;
}
