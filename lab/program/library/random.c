/* Randomness from the lab: getrandom, and the files that give it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "lab/program/library/library.h"

long duet_random(void* buffer, size_t length) {
  const size_t part = length < DUET_CHANNEL_DATA ? length : DUET_CHANNEL_DATA;
  const long result = duet_request(SYS_getrandom, 0, 0, (long)part, 0, 0, 0);
  if (result < 0) return result;
  return duet_copy_out(buffer, duet_slot()->data, part) != 0 ? -EFAULT : (long)part;
}

/* By whatever name it was opened. */
static int is_random(long fd) {
  struct stat file;
  if (duet_kernel(SYS_fstat, fd, &file) != 0 || !S_ISCHR(file.st_mode)) return 0;
  return file.st_rdev == makedev(1, 8) || file.st_rdev == makedev(1, 9);
}

/* /dev/random and /dev/urandom are the lab's descriptors: also where they are shared, passed on and kept over an
 * exec. */
long duet_open(long number, const long a[6]) {
  duet_forget_memory(); /* O_TRUNC may cut short what is mapped */
  const long fd = duet_kernel_open(number, a);
  if (fd < 0 || !is_random(fd)) return fd;
  const long on_exec = duet_kernel(SYS_fcntl, fd, F_GETFD);
  duet_kernel(SYS_close, fd);
  return duet_make(DUET_REQUEST_RANDOM_FILE, 0, 0, 0, on_exec == FD_CLOEXEC);
}
