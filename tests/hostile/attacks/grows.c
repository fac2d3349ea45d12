/* Takes a little less memory than a process may, again and again in processes of its own. Real world only. */
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  const size_t size = (size_t)700 << 20;
  for (int made = 0; made < 8; ++made) {
    if (fork() != 0) continue;
    volatile char* const memory = malloc(size);
    for (size_t i = 0; memory != NULL && i < size; i += 4096) memory[i] = 1;
    for (;;) pause();
  }
  for (;;) pause();
}
