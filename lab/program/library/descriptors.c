/* The lab's descriptors in the program's own numbering.
 *
 * Each is held by a placeholder in the program's kernel, an unconnected local socket: it reserves the number against
 * the program's files, looks like a socket to fstat, never blocks, and fails a call that slips through. An epoll
 * descriptor's is one too, for what the program's kernel has (epoll.c). */
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

enum { kNone, kSimulated, kReserved };
static unsigned char simulated[DUET_CHANNEL_DESCRIPTORS];

int duet_simulated(long fd) { return fd >= 0 && fd < DUET_CHANNEL_DESCRIPTORS && simulated[fd] == kSimulated; }

/* Reserved by a call of another thread, accept say, that hasn't come back: to the program nothing is open there. */
static int is_reserved(long fd) { return fd >= 0 && fd < DUET_CHANNEL_DESCRIPTORS && simulated[fd] == kReserved; }

/* The first two are needed in every image of the program. */
int duet_is_ours(long fd) { return fd == DUET_CHANNEL_FD || fd == DUET_HELLO_FD || is_reserved(fd); }

void duet_mark(long fd, int is_simulated) {
  if (fd >= 0 && fd < DUET_CHANNEL_DESCRIPTORS) simulated[fd] = (unsigned char)is_simulated;
}

static long checked(long fd) {
  if (fd < DUET_CHANNEL_DESCRIPTORS) return fd;
  duet_kernel(SYS_close, fd);
  return -EMFILE;
}

static long reserved(long made) {
  const long fd = made < 0 ? made : checked(made);
  if (fd >= 0) simulated[fd] = kReserved;
  return fd;
}

long duet_reserve(void) { return reserved(duet_kernel(SYS_socket, AF_UNIX, SOCK_STREAM, 0)); }

void duet_unreserve(long fd) {
  duet_mark(fd, 0);
  duet_kernel(SYS_close, fd);
}

long duet_make(long request, long a, long b, long c, int close_on_exec) {
  const long number = request == SYS_epoll_create1 ? reserved(duet_kernel(request, 0)) : duet_reserve();
  if (number < 0) return number;
  if (close_on_exec) duet_kernel(SYS_fcntl, number, F_SETFD, FD_CLOEXEC);
  const long result = duet_request(request, 0, 0, a, b, c, number);
  if (result < 0) duet_unreserve(number);
  else duet_mark(number, 1);
  return result < 0 ? result : number;
}

void duet_drop_reserved(void) {
  for (int fd = 0; fd < DUET_CHANNEL_DESCRIPTORS; ++fd) {
    if (simulated[fd] == kReserved) duet_unreserve(fd);
  }
}

long duet_close(long fd) {
  if (duet_is_ours(fd)) return -EBADF;
  if (!duet_simulated(fd)) return duet_kernel(SYS_close, fd);
  const long result = duet_request(SYS_close, 0, 0, fd, 0, 0, 0);
  duet_unreserve(fd);
  return result;
}

/* Those below `end` that are the kernel's. */
static long close_kernels(unsigned first, unsigned end, unsigned flags) {
  long result = 0;
  while (result == 0 && first < end) {
    unsigned next = first;
    while (next < end && !is_reserved(next)) ++next;
    if (next > first) result = duet_kernel(SYS_close_range, first, next - 1, flags);
    first = next + 1;
  }
  return result;
}

long duet_close_range(unsigned first, unsigned last, unsigned flags) {
  const unsigned closing = 0; /* the flags that only mark the descriptors leave the lab's as they are */
  if (first > last || (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0) return -EINVAL;
  for (unsigned fd = first; flags == closing && fd <= last && fd < DUET_CHANNEL_DESCRIPTORS; ++fd) {
    if (duet_simulated(fd)) duet_close(fd);
  }
  long result = close_kernels(first, last < DUET_CHANNEL_FD ? last + 1 : DUET_CHANNEL_FD, flags);
  if (result == 0 && last > DUET_HELLO_FD) {
    result = duet_kernel(SYS_close_range, first > DUET_HELLO_FD ? first : DUET_HELLO_FD + 1, last, flags);
  }
  return result;
}

/* Of a placeholder's copy, which is the lab's but for the state behind it: what came of asking for that. */
static long shared(long number, long result) {
  if (result < 0) duet_unreserve(number);
  else duet_mark(number, 1);
  return result < 0 ? result : number;
}

/* By dup2 or dup3. */
static long duplicate_onto(long call, long from, long to, long flags) {
  if (flags & ~(long)O_CLOEXEC) return -EINVAL;
  if (from == to) return duet_kernel(SYS_dup3, from, to, flags);
  if (duet_is_ours(from) || duet_kernel(SYS_fcntl, from, F_GETFD) < 0) return -EBADF;
  if (duet_is_ours(to)) return is_reserved(to) ? -EBUSY : -EBADF;
  const int from_simulated = duet_simulated(from);
  if (!from_simulated && !duet_simulated(to)) return duet_kernel(SYS_dup3, from, to, flags);
  /* The kernel closes `to` silently, and so does the lab what it has there. */
  const long number = duet_kernel(SYS_dup3, from, to, flags);
  if (number < 0) return number;
  if (from_simulated) return shared(to, duet_request(call, 0, 0, from, to, flags, 0));
  duet_mark(to, 0);
  duet_request(SYS_close, 0, 0, to, 0, 0, 0);
  return number;
}

long duet_duplicate(long number, const long arguments[6]) {
  const long from = arguments[0];
  if (number == SYS_dup) {
    const long made = duet_kernel(SYS_dup, from);
    if (made < 0 || !duet_simulated(from)) return made;
    const long copy = checked(made);
    return copy < 0 ? copy : shared(copy, duet_request(SYS_dup, 0, 0, from, copy, 0, 0));
  }
  if (number == SYS_dup2 && from == arguments[1]) {
    return duet_is_ours(from) ? -EBADF : duet_kernel(SYS_dup2, from, from);
  }
  return duplicate_onto(number, from, arguments[1], number == SYS_dup3 ? arguments[2] : 0);
}

long duet_fcntl(long fd, long command, long argument) {
  if (!duet_simulated(fd)) {
    const int waits = command == F_SETLKW || command == F_OFD_SETLKW;
    return waits ? duet_waiting_lock(fd, command, argument) : duet_kernel(SYS_fcntl, fd, command, argument);
  }
  switch (command) {
    case F_GETFD:
    case F_SETFD:
      return duet_kernel(SYS_fcntl, fd, command, argument);
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      const long made = duet_kernel(SYS_fcntl, fd, command, argument);
      const long copy = made < 0 ? made : checked(made);
      return copy < 0 ? copy : shared(copy, duet_request(SYS_fcntl, 0, 0, fd, command, argument, copy));
    }
    default:
      return duet_request(SYS_fcntl, 0, 0, fd, command, argument, 0);
  }
}

long duet_ioctl(long fd, unsigned long request, void* argument) {
  if (!duet_simulated(fd)) return duet_kernel(SYS_ioctl, fd, request, argument);
  /* Terminal requests: a socket has none, and its kernel says so. */
  const int counts = request == FIONREAD || request == TIOCOUTQ;
  if (request >= TCGETS && request <= FIOASYNC && !counts && request != FIONBIO) {
    return duet_kernel(SYS_ioctl, fd, request, argument);
  }
  int value = 0;
  if (request == FIONBIO && duet_copy_in(&value, argument, sizeof(value)) != 0) return -EFAULT;
  const long result = duet_request(SYS_ioctl, 0, 0, fd, (long)request, value, 0);
  if (result < 0 || request == FIONBIO) return result;
  value = (int)duet_slot()->arguments[0];
  return duet_copy_out(argument, &value, sizeof(value));
}
