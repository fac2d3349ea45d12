/* Randomness from the lab: getrandom, and the files that give it. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

static unsigned char random_files[DUET_CHANNEL_DESCRIPTORS];

int duet_is_random(long fd) { return fd >= 0 && fd < DUET_CHANNEL_DESCRIPTORS && random_files[fd]; }

void duet_mark_random(long fd, int random) {
  if (fd >= 0 && fd < DUET_CHANNEL_DESCRIPTORS) random_files[fd] = (unsigned char)random;
}

long duet_random(void* buffer, size_t length) {
  const size_t part = length < DUET_CHANNEL_DATA ? length : DUET_CHANNEL_DATA;
  const long result = duet_request(SYS_getrandom, 0, 0, (long)part, 0, 0, 0);
  if (result < 0) return result;
  return duet_copy_out(buffer, duet_slot()->data, part) != 0 ? -EFAULT : (long)part;
}

static int names_random(const char* programs) {
  char path[sizeof("/dev/urandom")];
  for (size_t length = 0; length < sizeof(path); ++length) {
    if (duet_copy_in(path + length, programs + length, 1) != 0) return 0;
    if (path[length] == '\0') return strcmp(path, "/dev/urandom") == 0 || strcmp(path, "/dev/random") == 0;
    if (length == 4 && memcmp(path, "/dev/", 5) != 0) return 0;
  }
  return 0;
}

long duet_open(long number, const long a[6]) {
  const long fd = duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (fd >= 0) duet_mark_random(fd, names_random((const char*)(number == SYS_open ? a[0] : a[1])));
  return fd;
}
