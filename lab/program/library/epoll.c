/* epoll, over the lab's descriptors and the program's own. The lab has a list of its own; what waits in the program's
 * kernel (named pipes, descriptors of signals and processes) is on a list there, which holds the place of the epoll
 * descriptor, and so is copied and inherited with it. That one is asked without waiting, as in wait.c. */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "lab/program/library/library.h"

static long create(long flags) { return duet_make(SYS_epoll_create1, flags, 0, 0, (flags & EPOLL_CLOEXEC) != 0); }

/* Some list in the kernel has, or has had, somebody on it. */
static int any_kernels;

static long control_kernels(long epfd, long operation, long fd, struct epoll_event* event) {
  if (duet_is_ours(fd)) return -EBADF;
  const long result = duet_kernel(SYS_epoll_ctl, epfd, operation, fd, event);
  if (result == 0) any_kernels = 1;
  return result;
}

/* Changes a list without asking where the lab has leased what is on it: whether it has. */
static int change_on_lease(long epfd, long operation, long fd, const struct epoll_event* event) {
  struct duet_epoll_lease* const lease = &duet_slot()->epoll_leases[fd % DUET_CHANNEL_LEASES];
  const uint32_t from = operation == EPOLL_CTL_ADD ? DUET_EPOLL_OFF : DUET_EPOLL_ON;
  const struct duet_epoll_change change = {(int32_t)fd, event->events, event->data.u64};
  if (operation != EPOLL_CTL_ADD && operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_DEL) return 0;
  if (lease->epfd != epfd || lease->fd != fd || lease->state != from) return 0;
  if ((event->events & ~(uint32_t)DUET_LEASED_EVENTS) != 0) return 0;
  uint8_t* const to = duet_queue_room(sizeof(change));
  if (to == NULL) return 0;
  __builtin_memcpy(to, &change, sizeof(change));
  duet_queue(SYS_epoll_ctl, epfd, operation, sizeof(change));
  lease->state = operation == EPOLL_CTL_DEL ? DUET_EPOLL_OFF : DUET_EPOLL_ON;
  return 1;
}

static long control(long epfd, long operation, long fd, const void* programs) {
  struct epoll_event event = {0};
  uint32_t length = 0;
  if (operation != EPOLL_CTL_DEL) {
    length = sizeof(struct epoll_event);
    if (duet_copy_in(&event, programs, length) != 0) return -EFAULT;
  }
  if (!duet_simulated(epfd)) return duet_kernel(SYS_epoll_ctl, epfd, operation, fd, programs);
  if (!duet_simulated(fd)) return control_kernels(epfd, operation, fd, &event);
  if (change_on_lease(epfd, operation, fd, &event)) return 0;
  __builtin_memcpy(duet_slot()->data, &event, length);
  return duet_request(SYS_epoll_ctl, length, 0, epfd, operation, fd, 0);
}

static long wait_for_lab(long epfd, struct epoll_event* programs, long most, int64_t timeout_ns, int kernels) {
  duet_slot()->awaited = kernels ? duet_read_signals : 0;
  const long count = duet_request(SYS_epoll_pwait2, 0, 0, epfd, most, timeout_ns, kernels);
  duet_slot()->awaited = 0;
  if (count <= 0) return count;
  const size_t length = (size_t)count * sizeof(struct epoll_event);
  return duet_copy_out(programs, duet_slot()->data, length) != 0 ? -EFAULT : count;
}

/* Of each list whether what is ready in the kernel has left no room for the lab's: that is asked first next time. */
static unsigned char labs_turn[DUET_CHANNEL_DESCRIPTORS];

/* What the lab has ready, and then the kernel, without waiting. */
static long labs_first(long epfd, struct epoll_event* programs, long most) {
  const long count = wait_for_lab(epfd, programs, most, 0, 1);
  if (count < 0 || count == most) return count;
  const long kernels = duet_kernel(SYS_epoll_wait, epfd, programs + count, most - count, 0);
  return kernels > 0 ? count + kernels : count;
}

static long wait_for(long epfd, struct epoll_event* programs, long most, int64_t timeout_ns) {
  if (!duet_simulated(epfd)) return duet_kernel(SYS_epoll_wait, epfd, programs, most, 0);
  const int64_t left_ns = duet_time_left(timeout_ns);
  if (!any_kernels) return wait_for_lab(epfd, programs, most, left_ns, 0);
  if (labs_turn[epfd]) {
    labs_turn[epfd] = 0;
    const long ready = labs_first(epfd, programs, most);
    if (ready != 0) return ready;
  }
  const long kernels = duet_kernel(SYS_epoll_wait, epfd, programs, most, 0);
  if (kernels == most) labs_turn[epfd] = 1;
  if (kernels == most || (kernels < 0 && kernels != -EINVAL)) return kernels;
  if (kernels <= 0) return wait_for_lab(epfd, programs, most, left_ns, 1);
  const long count = wait_for_lab(epfd, programs + kernels, most - kernels, 0, 1);
  return kernels + (count > 0 ? count : 0);
}

static int64_t in_nanoseconds(int timeout_ms) { return timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000); }

static long wait_with_mask(const long a[6], int64_t timeout_ns) {
  uint64_t before;
  const long entered = duet_enter_mask((const void*)a[4], a[5], &before);
  if (entered < 0) return entered;
  const long result = wait_for((int)a[0], (void*)a[1], (int)a[2], entered > 0 ? 0 : timeout_ns);
  return duet_leave_mask((const void*)a[4], before, entered > 0 && result == 0 ? -EINTR : result);
}

long duet_epoll_call(long number, const long a[6]) {
  int64_t timeout_ns;
  switch (number) {
    case SYS_epoll_create:
      return (int)a[0] <= 0 ? -EINVAL : create(0);
    case SYS_epoll_create1:
      return create((int)a[0]);
    case SYS_epoll_ctl:
      return control((int)a[0], (int)a[1], (int)a[2], (const void*)a[3]);
    case SYS_epoll_pwait2: {
      const long bad = duet_read_timeout((const void*)a[3], 1, &timeout_ns);
      return bad < 0 ? bad : wait_with_mask(a, timeout_ns);
    }
    case SYS_epoll_pwait:
      return wait_with_mask(a, in_nanoseconds((int)a[3]));
    default: /* epoll_wait */
      return wait_for((int)a[0], (void*)a[1], (int)a[2], in_nanoseconds((int)a[3]));
  }
}
