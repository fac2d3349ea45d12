/* poll, select and their relatives, over the lab's descriptors and the program's files together.
 *
 * The lab waits for its own. The program's other descriptors are asked without waiting. What can change them (a pidfd,
 * a named pipe) is the end of a process, or a call of another thread, which says so: the call is interrupted then, and
 * made again. */
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "lab/program/library/library.h"

static short ask_kernel(int fd, short events) {
  struct pollfd one = {fd, events, 0};
  duet_kernel(SYS_poll, &one, 1, 0);
  return one.revents;
}

static int may_have(unsigned long count) {
  struct rlimit descriptors = {0, 0};
  duet_kernel(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &descriptors);
  return count <= descriptors.rlim_cur && 2 * count * sizeof(struct pollfd) <= DUET_CHANNEL_DATA;
}

/* The number is another thread's call's, or this library's: nothing is open there. */
static short ask_kernel_if_open(int fd, short events) { return duet_is_ours(fd) ? POLLNVAL : ask_kernel(fd, events); }

/* `*due` where one of the kernel's had events before the lab was asked: another thread may have taken them since.
 *
 * The program's entries are read once; they stand in the slot behind those that the lab is asked for. */
static long poll_once(void* programs, unsigned long count, int64_t timeout_ns, int* due) {
  if (!may_have(count)) return -EINVAL;
  struct pollfd* asked = (struct pollfd*)duet_slot()->data;
  struct pollfd* const fds = asked + count;
  if (duet_copy_in(fds, programs, count * sizeof(*fds)) != 0) return -EFAULT;
  int kernels = 0;
  long labs = 0;
  timeout_ns = duet_time_left(timeout_ns);
  *due = 0;
  for (unsigned long i = 0; i < count; ++i) {
    if (fds[i].fd < 0) continue;
    if (duet_simulated(fds[i].fd)) {
      asked[labs++] = fds[i];
      continue;
    }
    kernels = 1;
    if (ask_kernel_if_open(fds[i].fd, fds[i].events) != 0) *due = 1;
  }
  if (*due) timeout_ns = 0;
  duet_slot()->awaited = kernels ? duet_read_signals : 0;
  const uint32_t length = (uint32_t)((size_t)labs * sizeof(*asked));
  const long result = duet_request(SYS_poll, length, 0, labs, timeout_ns, kernels, 0);
  duet_slot()->awaited = 0;
  if (result < 0) return result;
  long ready = 0;
  struct pollfd* to = programs;
  const struct pollfd* const end = asked + labs;
  for (unsigned long i = 0; i < count; ++i) {
    short revents = 0;
    if (asked < end && fds[i].fd == asked->fd) {
      revents = asked++->revents;
    } else if (fds[i].fd >= 0 && !duet_simulated(fds[i].fd)) {
      revents = ask_kernel_if_open(fds[i].fd, fds[i].events);
    }
    if (revents != 0) ++ready;
    if (duet_copy_out(&to[i].revents, &revents, sizeof(revents)) != 0) return -EFAULT;
  }
  return ready;
}

long duet_poll(void* programs, unsigned long count, int64_t timeout_ns) {
  for (;;) {
    int due;
    const long ready = poll_once(programs, count, timeout_ns, &due);
    if (ready != 0 || !due) return ready;
    duet_self.goes_on = 1; /* with what is left of its time */
  }
}

typedef unsigned char set[DUET_CHANNEL_SET];

static int has(const set bits, int fd) { return bits[fd / 8] >> (fd % 8) & 1; }
static void drop(set bits, int fd) { bits[fd / 8] &= (unsigned char)~(1 << (fd % 8)); }
static void add(set bits, int fd) { bits[fd / 8] |= (unsigned char)(1 << (fd % 8)); }

/* Moves the kernel's descriptors out of `wanted` and puts those that are ready into `ready`. */
static long select_kernels(int count, set wanted[3], set ready[3], int* any) {
  static const short events[3] = {POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
  long number = 0;
  for (int fd = 0; fd < count; ++fd) {
    for (int i = 0; i < 3; ++i) {
      if (!has(wanted[i], fd) || duet_simulated(fd)) continue;
      *any = 1;
      drop(wanted[i], fd);
      const short revents = ask_kernel(fd, events[i]);
      if (revents & POLLNVAL) return -EBADF;
      if (revents & events[i]) {
        add(ready[i], fd);
        ++number;
      }
    }
  }
  return number;
}

long duet_select(long count, void* sets[3], int64_t* timeout_ns) {
  if (count < 0) return -EINVAL;
  if (count > DUET_CHANNEL_SET * 8) count = DUET_CHANNEL_SET * 8;
  const size_t bytes = (size_t)(count + 63) / 64 * 8;
  set wanted[3] = {{0}};
  set ready[3] = {{0}};
  *timeout_ns = duet_time_left(*timeout_ns);
  for (int i = 0; i < 3; ++i) {
    if (sets[i] != NULL && duet_copy_in(wanted[i], sets[i], bytes) != 0) return -EFAULT;
  }
  int any = 0;
  const long kernels = select_kernels((int)count, wanted, ready, &any);
  if (kernels < 0) return kernels;
  if (kernels > 0) *timeout_ns = 0;
  __builtin_memcpy(duet_slot()->data, wanted, sizeof(wanted));
  duet_slot()->awaited = any ? duet_read_signals : 0;
  const long result = duet_request(SYS_select, sizeof(wanted), 0, count, *timeout_ns, any, 0);
  duet_slot()->awaited = 0;
  if (result < 0) return result;
  *timeout_ns = duet_slot()->arguments[0];
  for (int i = 0; i < 3; ++i) {
    for (size_t byte = 0; byte < bytes; ++byte) ready[i][byte] |= duet_slot()->data[i * DUET_CHANNEL_SET + byte];
    if (sets[i] != NULL && duet_copy_out(sets[i], ready[i], bytes) != 0) return -EFAULT;
  }
  return result + kernels;
}

long duet_read_timeout(const void* programs, long unit, int64_t* timeout_ns) {
  struct timespec time;
  *timeout_ns = -1;
  if (programs == NULL) return 0;
  if (duet_copy_in(&time, programs, sizeof(time)) != 0) return -EFAULT;
  if (time.tv_sec < 0 || time.tv_nsec < 0 || (unit == 1 && time.tv_nsec >= 1000000000)) return -EINVAL;
  const int64_t longest = INT64_MAX / 4;
  if (time.tv_sec > longest / 1000000000) *timeout_ns = longest;
  else *timeout_ns = time.tv_sec * 1000000000 + time.tv_nsec * unit;
  return 0;
}

static long write_timeout(void* programs, long unit, int64_t left_ns) {
  if (programs == NULL) return 0;
  const struct timespec time = {left_ns / 1000000000, left_ns % 1000000000 / unit};
  return duet_copy_out(programs, &time, sizeof(time));
}

/* The signal mask to wait with: ppoll's fourth argument; pselect's sixth points at it and its size. */
static long mask_argument(long number, const long a[6], const void** mask, long* size) {
  if (number == SYS_ppoll) {
    *mask = (const void*)a[3];
    *size = a[4];
  } else if (number == SYS_pselect6 && a[5] != 0) {
    struct {
      const void* mask;
      long size;
    } both;
    if (duet_copy_in(&both, (const void*)a[5], sizeof(both)) != 0) return -EFAULT;
    *mask = both.mask;
    *size = both.size;
  }
  return 0;
}

long duet_wait_call(long number, const long a[6]) {
  const long unit = number == SYS_select ? 1000 : 1;
  int64_t timeout_ns;
  uint64_t before;
  if (number == SYS_poll) {
    const int timeout_ms = (int)a[2];
    return duet_poll((void*)a[0], (unsigned)a[1], timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000));
  }
  void* programs_timeout = (void*)(number == SYS_ppoll ? a[2] : a[4]);
  long result = duet_read_timeout(programs_timeout, unit, &timeout_ns);
  if (result < 0) return result;
  const void* mask = NULL;
  long mask_size = 0;
  result = mask_argument(number, a, &mask, &mask_size);
  if (result == 0) result = duet_enter_mask(mask, mask_size, &before);
  if (result < 0) return result;
  const int due = result > 0;
  if (due) timeout_ns = 0;
  if (number == SYS_ppoll) {
    result = duet_poll((void*)a[0], (unsigned)a[1], timeout_ns);
  } else {
    void* sets[3] = {(void*)a[1], (void*)a[2], (void*)a[3]};
    result = duet_select((int)a[0], sets, &timeout_ns);
    if (result >= 0 && !due) write_timeout(programs_timeout, unit, timeout_ns < 0 ? 0 : timeout_ns);
  }
  return duet_leave_mask(mask, before, due && result == 0 ? -EINTR : result);
}
