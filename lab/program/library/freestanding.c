#include "lab/program/library/freestanding.h"

#include <errno.h>
#include <linux/mman.h>
#include <sys/syscall.h>

/* The kernel leaves the count of arguments where the stack begins, the arguments behind it, then the environment. */
__attribute__((naked, noreturn, used)) void _start(void) {
  __asm__("xor %ebp, %ebp\n"
          "mov %rsp, %rdi\n"
          "and $-16, %rsp\n"
          "call start\n");
}

__attribute__((noreturn, used)) void start(long* stack) {
  char** const arguments = (char**)(stack + 1);
  leave(command_main((int)stack[0], arguments, arguments + stack[0] + 1));
}

void leave(int status) {
  for (;;) kernel(SYS_exit_group, status);
}

/* The compiler calls these two by itself. */
void* memcpy(void* to, const void* from, size_t length) {
  void* const begin = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
  return begin;
}

void* memset(void* to, int byte, size_t length) {
  void* const begin = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
  return begin;
}

size_t length_of(const char* text) {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

int is_same(const char* text, const char* other) {
  while (*text != '\0' && *text == *other) ++text, ++other;
  return *text == *other;
}

const char* last_slash(const char* path) {
  const char* last = path;
  for (; *path != '\0'; ++path) {
    if (*path == '/') last = path;
  }
  return last;
}

uint64_t read_number(const char** text) {
  uint64_t number = 0;
  while (**text == ' ' || **text == '\n') ++*text;
  for (; **text >= '0' && **text <= '9'; ++*text) number = number * 10 + (uint64_t)(**text - '0');
  return number;
}

void* take_memory(size_t length) {
  const long memory = kernel_call(SYS_mmap, 0, (long)length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if ((unsigned long)memory > -4096ul) {
    complain("memory", "", memory);
    leave(127);
  }
  return (void*)memory;
}

void add_text(struct text* text, const char* more) {
  for (; *more != '\0' && text->length < sizeof text->bytes - 1; ++more) text->bytes[text->length++] = *more;
  text->bytes[text->length] = '\0';
}

void add_number(struct text* text, uint64_t number) {
  char digits[24];
  size_t first = sizeof digits - 1;
  digits[first] = '\0';
  do digits[--first] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  add_text(text, digits + first);
}

/* Those that a machine, or what a program's file is, can bring about. */
static const char* meaning(long error) {
  switch (error) {
    case EPERM: return "Operation not permitted";
    case ENOENT: return "No such file or directory";
    case ESRCH: return "No such process";
    case EIO: return "Input/output error";
    case E2BIG: return "Argument list too long";
    case ENOEXEC: return "Exec format error";
    case EAGAIN: return "Resource temporarily unavailable";
    case ENOMEM: return "Cannot allocate memory";
    case EACCES: return "Permission denied";
    case EBUSY: return "Device or resource busy";
    case ENOTDIR: return "Not a directory";
    case EISDIR: return "Is a directory";
    case EINVAL: return "Invalid argument";
    case ENFILE: return "Too many open files in system";
    case EMFILE: return "Too many open files";
    case ETXTBSY: return "Text file busy";
    case ENOSPC: return "No space left on device (or too many namespaces)";
    case EROFS: return "Read-only file system";
    case ENAMETOOLONG: return "File name too long";
    case ENOSYS: return "Function not implemented";
    case ELOOP: return "Too many levels of symbolic links";
    case ELIBBAD: return "Accessing a corrupted shared library";
    case EUSERS: return "Too many users";
    default: return "";
  }
}

void complain(const char* what, const char* about, long error) {
  struct text text = {0};
  add_text(&text, what);
  add_text(&text, about);
  if (error != 0) {
    const char* const means = meaning(-error);
    add_text(&text, ": ");
    add_text(&text, means);
    if (*means == '\0') add_text(&text, "error "), add_number(&text, (uint64_t)-error);
  }
  add_text(&text, "\n");
  kernel(SYS_write, 2, text.bytes, text.length);
}
