/* What the `sandbox` command has instead of a C library. It is executed before each program, and a C library's own
 * start would take three times as long as everything that the kernel does for it: it asks the processor for what it can
 * do, some forty questions, and on a virtual machine each is a way out of it.
 *
 * Processes with one thread. No errno: a call's result is a value, or an errno negated. */
#ifndef DUET_LAB_PROGRAM_LIBRARY_FREESTANDING_H_
#define DUET_LAB_PROGRAM_LIBRARY_FREESTANDING_H_

#include <stddef.h>
#include <stdint.h>

static inline long kernel_call(long number, long a, long b, long c, long d, long e) {
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                   : "rcx", "r11", "memory");
  return result;
}

#define KERNEL_6(n, a, b, c, d, e, ...) kernel_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define kernel(...) KERNEL_6(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* The command, which says its exit status. */
int command_main(int count, char** arguments, char** environment);
__attribute__((noreturn)) void leave(int status);

void* memcpy(void* to, const void* from, size_t length);
void* memset(void* to, int byte, size_t length);
size_t length_of(const char* text);
int is_same(const char* text, const char* other);
const char* last_slash(const char* path);
uint64_t read_number(const char** text);  /* behind blanks; leaves `text` behind it */

/* Zeroed, and never given back; ends the process where there is none. */
void* take_memory(size_t length);

/* A text of limited length; what doesn't fit is left out. */
struct text {
  size_t length;
  char bytes[4200];
};
void add_text(struct text* text, const char* more);
void add_number(struct text* text, uint64_t number);

/* "sandbox: mounting /x: No such file or directory", on standard error. */
void complain(const char* what, const char* about, long error);

#endif
