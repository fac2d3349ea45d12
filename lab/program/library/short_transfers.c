/* Cuts sends and receives on streams short, where DUET_SHORT_TRANSFERS is a seed: what POSIX allows and careless
 * programs forget. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lab/program/library/ledger.h"

static uint64_t seed;
static uint64_t drawn;

__attribute__((constructor)) static void read_seed(void) {
  const char* text = getenv("DUET_SHORT_TRANSFERS");
  if (text != NULL) seed = strtoull(text, NULL, 10);
}

/* splitmix64: the n-th number follows from the seed and n alone, whichever thread draws it. */
static uint64_t draw(void) {
  uint64_t value = seed + __atomic_add_fetch(&drawn, 1, __ATOMIC_RELAXED) * UINT64_C(0x9e3779b97f4a7c15);
  value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
  return value ^ (value >> 31);
}

static int is_stream(int fd) {
  const int error = errno;
  int type = 0;
  socklen_t length = sizeof(type);
  const int stream = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
  errno = error;
  return stream;
}

size_t duet_cut(int fd, size_t length) {
  if (seed == 0 || length < 2 || !is_stream(fd)) return length;
  return length - draw() % length;
}
