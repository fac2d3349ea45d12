/* Waiting for what the program's own kernel has: named pipes, and signals that are read from a descriptor.
 *
 * The kernel is asked without waiting. Where it would have waited, the thread waits with the lab: another thread's
 * call, the end of a process and a signal end that, and it is asked again. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "lab/program/library/library.h"

uint64_t duet_read_signals;

/* What the kernel tells is another in every run, and so nothing for the stack. One thread runs at a time. */
static struct stat about;

long duet_wait_for_change(long what_for, long process, int may_deadlock) {
  duet_slot()->awaited = duet_read_signals;
  const long result = duet_request(DUET_REQUEST_WAIT_CHANGE, 0, 0, what_for, process, may_deadlock, 0);
  duet_slot()->awaited = 0;
  return result;
}

static void tell_change(void) {
  if (duet_channel->watchers != 0) duet_request(DUET_REQUEST_CHANGED, 0, 0, 0, 0, 0, 0);
}

/* A named pipe, or a descriptor that is no file at all, as of signals. */
static int may_wait(long fd, long* flags) {
  *flags = duet_kernel(SYS_fcntl, fd, F_GETFL);
  if (*flags < 0 || (*flags & O_NONBLOCK) || duet_kernel(SYS_fstat, fd, &about) != 0) return 0;
  const unsigned kind = about.st_mode & S_IFMT;
  return kind == S_IFIFO || kind == 0;
}

/* Without the first `done` bytes; 0 where nothing is left. The kernel says what is wrong with the buffers. */
static long move_rest(long number, const long a[6], long done) {
  if (number == SYS_write) return duet_kernel(number, a[0], a[1] + done, a[2] - done);
  if (number != SYS_writev || done == 0) return duet_kernel(number, a[0], a[1], a[2]);
  const struct iovec* const buffers = (const struct iovec*)a[1];
  for (long i = 0; i < a[2]; ++i) {
    struct iovec buffer;
    if (duet_copy_in(&buffer, buffers + i, sizeof(buffer)) != 0) return -EFAULT;
    if (done == 0) return duet_kernel(number, a[0], buffers + i, a[2] - i);
    if (done < (long)buffer.iov_len) {
      return duet_kernel(SYS_write, a[0], (char*)buffer.iov_base + done, buffer.iov_len - done);
    }
    done -= (long)buffer.iov_len;
  }
  return 0;
}

long duet_kernel_transfer(long number, const long a[6]) {
  long flags;
  const int writes = number == SYS_write || number == SYS_writev;
  const int moves = number == SYS_read || number == SYS_readv || writes;
  if (!moves || !may_wait(a[0], &flags)) return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  long total = 0;
  for (;;) {
    duet_kernel(SYS_fcntl, a[0], F_SETFL, flags | O_NONBLOCK);
    const long moved = move_rest(number, a, total);
    duet_kernel(SYS_fcntl, a[0], F_SETFL, flags);
    if (moved < 0 && moved != -EAGAIN) return total > 0 ? total : moved;
    if (moved >= 0) total += moved;
    if (moved == 0 || (moved > 0 && !writes)) return total;
    if (moved > 0) {
      tell_change();
      continue; /* the kernel says whether anything is left */
    }
    duet_wait_for_change(DUET_FOR_FILE, 0, 0);
    if (duet_signal_is_due()) return total > 0 ? total : -EINTR;
  }
}

/* Whether a pipe that was opened to be read has, or has had, somebody who writes. */
static int has_writer(long fd) {
  struct pollfd one = {(int)fd, POLLIN, 0};
  char byte;
  if (duet_kernel(SYS_poll, &one, 1, 0) > 0) return 1;
  return duet_kernel(SYS_read, fd, &byte, 1) == -EAGAIN;
}

static long open_without_waiting(long number, const long a[6], long flags) {
  if (number == SYS_open) return duet_kernel(number, a[0], flags | O_NONBLOCK, a[2]);
  return duet_kernel(number, a[0], a[1], flags | O_NONBLOCK, a[3]);
}

/* Opens one end: once there is, or has been, the other. */
static long open_pipe(long number, const long a[6], long flags) {
  const int reads = (flags & O_ACCMODE) == O_RDONLY;
  long fd = open_without_waiting(number, a, flags);
  if (reads && fd >= 0) tell_change();
  for (;;) {
    if (fd < 0 && (reads || fd != -ENXIO)) return fd;
    if (fd >= 0 && (!reads || has_writer(fd))) break;
    duet_wait_for_change(DUET_FOR_FILE, 0, 0);
    if (duet_signal_is_due()) {
      if (fd >= 0) duet_kernel(SYS_close, fd);
      return -EINTR;
    }
    if (fd < 0) fd = open_without_waiting(number, a, flags);
  }
  duet_kernel(SYS_fcntl, fd, F_SETFL, duet_kernel(SYS_fcntl, fd, F_GETFL) & ~(long)O_NONBLOCK);
  return fd;
}

long duet_kernel_open(long number, const long a[6]) {
  const int at = number == SYS_openat;
  const long flags = at ? a[2] : a[1];
  if (number != SYS_openat2 && !(flags & (O_NONBLOCK | O_PATH)) && (flags & O_ACCMODE) != O_RDWR) {
    const long looked = at ? duet_kernel(SYS_newfstatat, a[0], a[1], &about, 0) : duet_kernel(SYS_stat, a[0], &about);
    if (looked == 0 && S_ISFIFO(about.st_mode)) return open_pipe(number, a, flags);
  }
  return duet_kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long duet_signal_descriptor(long number, const long a[6]) {
  uint64_t mask;
  if (a[2] != sizeof(mask)) return -EINVAL;
  if (duet_is_ours(a[0])) return -EBADF;
  if (duet_simulated(a[0])) return -EINVAL;
  if (duet_copy_in(&mask, (const void*)a[1], sizeof(mask)) != 0) return -EFAULT;
  mask &= ~(UINT64_C(1) << (SIGSYS - 1));
  const long fd = duet_kernel(number, a[0], &mask, sizeof(mask), a[3]);
  if (fd >= 0) duet_read_signals |= mask;
  return fd;
}
