/* Tries to run before the library does, where the channel's descriptor is still open, and to speak over it; then
 * serves. Simulated world only. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>

#include "serve.h"

static void early(int count, char** arguments, char** variables) {
  (void)count, (void)arguments, (void)variables;
  int* const memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
  if (memory == MAP_FAILED) return;
  HOLE("the channel is open");
  for (int i = 16; i < 64; ++i) memory[i] = SYS_exit_group;
  memory[2] = memory[16] = 1;
  _exit(0);
}
__attribute__((section(".preinit_array"), used)) static void (*const start)(int, char**, char**) = early;

int main(int count, char** arguments) {
  fprintf(stderr, "attacked\n");
  return serve(count > 1 ? atoi(arguments[1]) : 0);
}
