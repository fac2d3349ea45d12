/* Makes processes where none can be carried, by the library's own way into the kernel; they claim the lab's turn on the
 * channel while the first one serves. Simulated world only. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "serve.h"

typedef long (*Kernel)(long, long, long, long, long, long, long);
static const Kernel kernel = (Kernel)0x7d0e7000;

int main(int count, char** arguments) {
  int made = 0;
  for (; made < 200; ++made) {
    const long child = kernel(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (child < 0) break;
    if (child > 0) continue;
    kernel(SYS_setsid, 0, 0, 0, 0, 0, 0);
    for (;;) kernel(SYS_pause, 0, 0, 0, 0, 0, 0);
  }
  if (made >= 64) HOLE("%d processes can be made", made);
  fprintf(stderr, "attacked\n");
  return serve(count > 1 ? atoi(arguments[1]) : 0);
}
