/* Locks of files that have to be waited for. The kernel has them, and to wait there would keep their owners from running:
 * it is asked without waiting, again and again, while the world's time passes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

static const int64_t between_ns = 1000000;

/* Until the call that doesn't wait gives something else than that the lock is taken; or a signal came. */
static long until_free(long number, long fd, long without_waiting, long argument) {
  for (;;) {
    const long result = duet_kernel(number, fd, without_waiting, argument);
    if (result != -EAGAIN && result != -EACCES) return result;
    const long waited = duet_request(SYS_nanosleep, 0, 0, between_ns, 0, 0, 0);
    if (waited < 0) return waited;
  }
}

long duet_flock(long fd, long operation) {
  if (operation & LOCK_NB) return duet_kernel(SYS_flock, fd, operation);
  return until_free(SYS_flock, fd, operation | LOCK_NB, 0);
}

long duet_waiting_lock(long fd, long command, long argument) {
  return until_free(SYS_fcntl, fd, command == F_SETLKW ? F_SETLK : F_OFD_SETLK, argument);
}
