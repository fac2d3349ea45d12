/* Locks of files that have to be waited for. The kernel has them, and to wait there would keep their owners from
 * running: it is asked without waiting, again whenever something has happened that may have freed the lock. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "lab/program/library/library.h"

/* The process that has what a lock of a part of a file waits for, or 0. */
static long holder(long fd, long asks, long programs) {
  struct flock lock;
  if (duet_copy_in(&lock, (const void*)programs, sizeof(lock)) != 0) return 0;
  if (duet_kernel(SYS_fcntl, fd, asks, &lock) != 0 || lock.l_type == F_UNLCK) return 0;
  return lock.l_pid > 0 ? lock.l_pid : 0;
}

/* Until the call that doesn't wait gives something else than that the lock is taken; or a signal came. */
static long until_free(long number, long fd, long without_waiting, long argument, long asks) {
  for (;;) {
    const long result = duet_kernel(number, fd, without_waiting, argument);
    if (result != -EAGAIN && result != -EACCES) return result;
    const long owner = number == SYS_fcntl ? holder(fd, asks, argument) : 0;
    /* Linux looks for circles of processes' locks alone. */
    if (duet_wait_for_change(DUET_FOR_LOCK, owner, asks == F_GETLK) == -EDEADLK) return -EDEADLK;
    if (duet_signal_is_due()) return -EINTR;
  }
}

/* Others see the file too, in other worlds and runs, and their locks would decide about this one. */
static int is_everybodys(long fd) {
  static struct statfs about; /* the kernel's word, which is no word for a stack; one thread runs at a time */
  return duet_kernel(SYS_fstatfs, fd, &about) == 0 && (about.f_flags & ST_RDONLY) != 0;
}

long duet_flock(long fd, long operation) {
  if ((operation & LOCK_EX) && is_everybodys(fd)) duet_unsupported(SYS_flock, 0);
  if (operation & LOCK_NB) return duet_kernel(SYS_flock, fd, operation);
  return until_free(SYS_flock, fd, operation | LOCK_NB, 0, 0);
}

long duet_waiting_lock(long fd, long command, long argument) {
  const int of_process = command == F_SETLKW;
  return until_free(SYS_fcntl, fd, of_process ? F_SETLK : F_OFD_SETLK, argument, of_process ? F_GETLK : F_OFD_GETLK);
}
