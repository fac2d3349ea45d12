/* The stub page: at a fixed address, so that the guard filter and system-call dispatch can tell calls that the
 * library makes from all others. */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"
#include "lab/program/library/stub.h"

/* Position-independent; copied to the page.
 *
 * begin: the C calling convention's seven arguments become the kernel's.
 * clone: the call whose registers these are, made once more; then, in both threads, what `duet_after_clone` does and
 * on to where that says, with the call's result. Nothing that belongs to the new thread but its stack is there yet.
 * restorer: what a signal handler returns to. */
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
    "duet_stub_clone:\n"
    "  syscall\n"
    "  lea -128(%rsp), %rsp\n" /* beyond the red zone */
    "  push %rax\n"
    "  push %rdi\n"
    "  push %rsi\n"
    "  push %rdx\n"
    "  push %r8\n"
    "  push %r9\n"
    "  push %r10\n"
    "  push %rbx\n"
    "  mov %rsp, %rbx\n"
    "  and $-16, %rsp\n"
    "  mov %rax, %rdi\n"
    "  call *duet_stub_after(%rip)\n"
    "  mov %rbx, %rsp\n"
    "  mov %rax, %r11\n"
    "  pop %rbx\n"
    "  pop %r10\n"
    "  pop %r9\n"
    "  pop %r8\n"
    "  pop %rdx\n"
    "  pop %rsi\n"
    "  pop %rdi\n"
    "  pop %rax\n"
    "  lea 128(%rsp), %rsp\n"
    "  jmp *%r11\n"
    "duet_stub_restorer:\n"
    "  mov $15, %eax\n" /* rt_sigreturn */
    "  syscall\n"
    "  .balign 8\n"
    "duet_stub_after: .quad 0\n"
    "duet_stub_end:\n"
    ".popsection\n");
#define STUB extern const char __attribute__((visibility("hidden")))
STUB duet_stub_begin[];
STUB duet_stub_clone[];
STUB duet_stub_restorer[];
STUB duet_stub_after[];
STUB duet_stub_end[];

/* Until the page exists, the code where it was linked does. */
long (*duet_kernel_entry)(long, long, long, long, long, long, long) = (void*)duet_stub_begin;
void* duet_restorer;
void* duet_clone_entry;

int duet_make_stub(void) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  char* page = (char*)duet_kernel(SYS_mmap, DUET_STUB_ADDRESS, DUET_STUB_LENGTH, PROT_READ | PROT_WRITE, flags, -1);
  if (page != (char*)DUET_STUB_ADDRESS) return -1;
  for (const char* from = duet_stub_begin; from < duet_stub_end; ++from) page[from - duet_stub_begin] = *from;
  *(void**)(void*)(page + (duet_stub_after - duet_stub_begin)) = (void*)duet_after_clone;
  if (duet_kernel(SYS_mprotect, page, DUET_STUB_LENGTH, PROT_READ | PROT_EXEC) != 0) return -1;
  duet_kernel_entry = (void*)page;
  duet_clone_entry = page + (duet_stub_clone - duet_stub_begin);
  duet_restorer = page + (duet_stub_restorer - duet_stub_begin);
  return 0;
}
